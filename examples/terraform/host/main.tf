# What an agent keeps of its host: labels, and what is left to the host's owner. Destroying the resource leaves the
# settings as they are.

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

resource "ghost_agent" "desk" {
  name = "desk"
  settings = {
    labels          = { room = "office" }
    reserved_vcpu   = 2
    reserved_ram_gb = 4
  }
}
