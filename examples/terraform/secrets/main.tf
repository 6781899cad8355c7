# A password that is in no state and in no plan. Terraform 1.11 or newer; the value comes with each run:
#
#   TF_VAR_web_password='correct horse' terraform apply

terraform {
  required_version = ">= 1.11" # write-only attributes
  required_providers {
    ghost = {
      source = "ghost-vm/ghost"
    }
  }
}

variable "web_password" {
  description = "Password of the image's default user."
  type        = string
  ephemeral   = true
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

  cloud_init = {
    password_wo         = var.web_password
    password_wo_version = 1 # a new number is how Terraform learns of a new password
  }
  # The new password is set at the next boot; `ignore`, the default, leaves an existing machine's alone.
  cloud_init_on_change = "next-boot"
}
