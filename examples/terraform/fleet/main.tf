# Several machines on two hosts: one provider block for the whole fleet, and the host is an attribute of each machine.

terraform {
  required_providers {
    ghost = {
      source = "ghost-vm/ghost"
    }
  }
}

variable "web_count" {
  description = "How many web servers there are."
  type        = number
  default     = 3
}

locals {
  hosts = ["desk", "rack"]
  # web-1 on desk, web-2 on rack, web-3 on desk, …
  web = { for n in range(var.web_count) : "web-${n + 1}" => local.hosts[n % length(local.hosts)] }
}

provider "ghost" {
  stack = "shop"
  agents = {
    desk = { address = "unix:/run/ghost/desk.sock" }
    rack = { address = "unix:/run/ghost/rack.sock" }
  }
}

resource "ghost_vm" "db" {
  name  = "db"
  agent = "rack"
  image = "debian-12"

  vcpu     = 2
  vcpu_max = 8
  ram_gb   = 4
  disks    = { data = { size_gb = 100 } }
}

resource "ghost_vm" "web" {
  for_each = local.web

  name     = each.key
  agent    = each.value
  image    = "debian-12"
  ram_gb   = 1
  networks = { lan = { network = "default" } }
  labels   = { role = "web" }

  depends_on = [ghost_vm.db]
}

output "addresses" {
  value = { for name, vm in ghost_vm.web : name => vm.ip_address }
}
