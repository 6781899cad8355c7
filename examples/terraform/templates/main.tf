# An image that an agent keeps under a name, pinned to a digest. Machines are made from it by that name; a newer image is
# a change of the template, and of the machines only when they say so.

terraform {
  required_providers {
    ghost = {
      source = "ghost-vm/ghost"
    }
  }
}

provider "ghost" {
  stack = "home"
  agents = {
    desk = { address = "unix:/run/ghost/agent.sock" }
  }
}

resource "ghost_template" "base" {
  name  = "base"
  agent = "desk"
  image = "debian-12"
}

resource "ghost_vm" "web" {
  name     = "web"
  agent    = ghost_template.base.agent
  template = ghost_template.base.name
  ram_gb   = 2
}

output "digest" {
  value = ghost_template.base.digest
}
