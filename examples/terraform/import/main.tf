# A machine that is there already becomes a resource of Terraform's. Importing changes nothing, on the host neither: the
# machine stays whose it is. The first change of it needs `adopt = true`.
#
# Without the resource's block, `terraform plan -generate-config-out=web.tf` writes one.

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

import {
  to = ghost_vm.web
  id = "desk/web" # agent/name; `terraform import ghost_vm.web desk/web` is the same
}

resource "ghost_vm" "web" {
  name   = "web"
  agent  = "desk"
  image  = "debian-12"
  ram_gb = 2
  adopt  = true
}
