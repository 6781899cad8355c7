import type { Resources, VmStatus } from "@ghost/schemas";
import type { ghostapi } from "@ghost/proto/server";

/** A VM as Ghost Core hears of it. */
export interface CoreVm {
  readonly uid: string;
  readonly name: string;
  readonly status: VmStatus;
  readonly ipAddress: string;
  readonly vcpu: number;
  readonly ram_gb: number;
}

export interface CreatedVm extends CoreVm {
  readonly disk_gb: number;
  /** Catalogue name of its image; empty when it has none. */
  readonly template: string;
}

/** The host at one moment. */
export interface CoreSnapshot {
  readonly total: Resources;
  readonly available: Resources;
  readonly vms: readonly CoreVm[];
}

/** Ghost Core counts whole GiB: what is there is rounded down, what a VM takes up. */
export function resourceInfo({ total, available }: CoreSnapshot): ghostapi.ResourceInfo {
  return {
    total_cpu: Math.floor(total.vcpu),
    available_cpu: Math.max(0, Math.floor(available.vcpu)),
    total_ram_gb: Math.floor(total.ram_gb),
    available_ram_gb: Math.max(0, Math.floor(available.ram_gb)),
    total_disk_gb: Math.floor(total.disk_gb),
    available_disk_gb: Math.max(0, Math.floor(available.disk_gb)),
  };
}

export function vmInfo({ uid, name, status, ipAddress, vcpu, ram_gb }: CoreVm): ghostapi.VMInfo {
  return { vm_id: uid, vm_name: name, status, ip_address: ipAddress, vcpu, ram_gb: Math.ceil(ram_gb) };
}

export function createdReport(agentId: string, vm: CreatedVm): ghostapi.ReportVMCreatedRequest {
  const { ram_gb, vcpu, vm_id, vm_name, ip_address } = vmInfo(vm);
  return { agent_id: agentId, vm_id, vm_name, vcpu, ram_gb, disk_gb: Math.ceil(vm.disk_gb), ip_address, template: vm.template };
}
