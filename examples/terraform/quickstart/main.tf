# One virtual machine on one host.
#
#   terraform init && terraform apply

terraform {
  required_providers {
    ghost = {
      source = "ghost-vm/ghost"
    }
  }
}

provider "ghost" {
  # Whose the machines are: what this configuration makes belongs to terraform:home on the host.
  stack = "home"
  agents = {
    # The agent on this machine. One on another is host:port, with tls = { ca = …, cert = …, key = … }.
    desk = { address = "unix:/run/ghost/agent.sock" }
  }
}

resource "ghost_vm" "web" {
  name  = "web"
  agent = "desk"
  image = "debian-12"

  vcpu       = 2
  ram_gb     = 2
  ram_max_gb = 4 # headroom: up to here memory changes while the machine runs
  disk_gb    = 20

  cloud_init = {
    packages = ["nginx"]
  }
}

output "address" {
  value = ghost_vm.web.ip_address
}
