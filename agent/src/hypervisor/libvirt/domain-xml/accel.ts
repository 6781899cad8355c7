import type { DomainConfig } from "../../driver.ts";

/** What the host says about hardware virtualization. */
export interface AccelFacts {
  /** `/dev/kvm` can be opened for reading and writing. */
  readonly kvmOpens: boolean;
  /** Text of `/proc/cpuinfo`. */
  readonly cpuInfo: string;
}

/** libvirt's domain types: KVM, or QEMU's own emulation (TCG). */
export type DomainType = "kvm" | "qemu";

/**
 * The domain type for a VM's `accel`. `auto` takes KVM only where the device opens *and* the processor has the
 * extension: inside some virtual machines the device opens and answers, and no guest ever boots.
 */
export function domainTypeOf(accel: DomainConfig["accel"], { kvmOpens, cpuInfo }: AccelFacts): DomainType {
  switch (accel) {
    case "kvm":
      return "kvm";
    case "tcg":
      return "qemu";
    case "auto":
      return kvmOpens && /^flags\s*:.*\s(vmx|svm)(\s|$)/m.test(cpuInfo) ? "kvm" : "qemu";
  }
}
