/**
 * The address of the Terraform provider, the one place that knows it: configurations name it, mirrors and registries
 * are laid out by it, the CDK bindings are generated for it.
 */
export const PROVIDER_HOST = "registry.terraform.io";
export const PROVIDER_NAMESPACE = "ghost-vm";
export const PROVIDER_NAME = "ghost";
/** What `source` of `required_providers` says; the host is Terraform's default. */
export const PROVIDER_SOURCE = "ghost-vm/ghost";
/** The whole address, as state and lock files have it. */
export const PROVIDER_ADDRESS = "registry.terraform.io/ghost-vm/ghost";
