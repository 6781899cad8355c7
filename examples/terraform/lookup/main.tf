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

# A host, with what new machines may still take.
data "ghost_agent" "desk" {
  name = "desk"
}

# Every machine of every agent that nobody owns; `agent` and `labels` narrow it further.
data "ghost_vms" "nobodys" {
  owner = ""
}

# The images that an agent knows by name, and the templates that it keeps.
data "ghost_templates" "desk" {
  agent = "desk"
}

resource "ghost_vm" "web" {
  name   = "web"
  agent  = "desk"
  image  = "debian-12"
  ram_gb = min(4, floor(data.ghost_agent.desk.total.ram_gb / 4))
}

# One machine by its name, whoever made it.
data "ghost_vm" "web" {
  agent = "desk"
  name  = ghost_vm.web.name
}

output "nobodys" {
  value = keys(data.ghost_vms.nobodys.vms)
}

output "digest" {
  value = data.ghost_templates.desk.images["debian-12"].digest
}

output "address" {
  value = data.ghost_vm.web.ip_address
}
