# A machine that `ghost apply` made is taken over by Terraform: the same machine, the same disks, nothing restarts.
#
# Without `adopt` the plan fails and says whose the machine is. To give it back: `on_remove = "retain"`, apply, remove
# the block, apply, and `ghost adopt web`.

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
  name   = "web"
  agent  = "desk"
  image  = "debian-12"
  ram_gb = 2
  labels = { role = "web" }
  adopt  = true
}
