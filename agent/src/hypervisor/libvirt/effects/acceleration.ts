import { problem } from "@ghost/schemas";
import type { DomainConfig } from "../../driver.ts";
import type { LibvirtParts } from "../parts.ts";

/** HOST_ERROR when a machine is to run with KVM alone and the host has none. */
export function requireAcceleration(
  { accel: { kvmOpens } }: Pick<LibvirtParts, "accel">,
  { name, accel }: Pick<DomainConfig, "name" | "accel">,
): void {
  if (accel !== "kvm" || kvmOpens) return;
  throw problem("HOST_ERROR", `VM "${name}" is to run with KVM, and the agent could not open /dev/kvm on this host.`, {
    hint: "Set `accel: auto`; or switch virtualization on in the host's firmware, load the module (kvm_intel or kvm_amd) and restart the agent.",
    path: ["accel"],
  });
}
