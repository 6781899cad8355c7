# The user-data that Ghost makes of a machine's setup, to look at it before it is booted with.

terraform {
  required_version = ">= 1.8" # functions of providers
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

locals {
  packages  = ["nginx", "qemu-guest-agent"]
  user_data = <<-YAML
    #cloud-config
    timezone: Europe/Berlin
  YAML
}

resource "ghost_vm" "web" {
  name  = "web"
  agent = "desk"
  image = "debian-12"
  cloud_init = {
    packages  = local.packages
    user_data = local.user_data
  }
}

output "user_data" {
  value = provider::ghost::render_cloud_init({
    hostname  = "web"
    packages  = local.packages
    user_data = local.user_data
  })
}
