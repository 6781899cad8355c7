# What is there, whoever made it: hosts, machines and images, read and never changed.

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

resource "ghost_vm" "web" {
  name  = "web"
  agent = "desk"
  image = "debian-12"
}

data "ghost_agent" "desk" {
  name = "desk"
}

data "ghost_vm" "web" {
  agent = "desk"
  name  = ghost_vm.web.name
}

data "ghost_vms" "all" {
  agent      = "desk"
  depends_on = [ghost_vm.web]
}

data "ghost_templates" "desk" {
  agent = "desk"
}
