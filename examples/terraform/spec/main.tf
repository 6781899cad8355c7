# A ghost.yaml that is reviewed as such, applied by Terraform: every machine of the spec is one of the resource's.
# `ghost validate` and `ghost render` work on the same file.

terraform {
  required_version = ">= 1.8" # functions of providers
  required_providers {
    ghost = {
      source = "ghost-vm/ghost"
    }
  }
}

locals {
  spec = provider::ghost::parse_spec(file("${path.module}/ghost.yaml"), { web_count = "2" })
}

provider "ghost" {
  stack = "shop"
  agents = {
    desk = { address = "unix:/run/ghost/agent.sock" }
  }
}

resource "ghost_vm" "all" {
  for_each = local.spec.vms

  name            = each.key
  agent           = each.value.agent
  image           = each.value.image
  vcpu            = each.value.vcpu
  vcpu_max        = each.value.vcpu_max
  ram_gb          = each.value.ram_gb
  ram_max_gb      = each.value.ram_max_gb
  disk_gb         = each.value.disk_gb
  disks           = each.value.disks
  networks        = each.value.networks
  cloud_init      = each.value.cloud_init
  labels          = each.value.labels
  protect         = each.value.protect
  disruption      = each.value.disruption
  stop_timeout_s  = each.value.stop_timeout_s
  image_on_change = each.value.image_on_change
}
