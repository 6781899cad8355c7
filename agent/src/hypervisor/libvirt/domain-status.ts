import type { DomainState } from "@ghost/libvirt";
import type { VmStatus } from "@ghost/schemas";

/** Reason of a machine that is paused since a disk of the host did not take what it wrote. */
export const IO_ERROR = "ioerror";

/** libvirt's state as a status, with its reason in libvirt's words. */
export function statusOf({ state, reason }: DomainState): { readonly status: VmStatus; readonly statusReason: string } {
  const statusReason = reason === "unknown" ? "" : reason;
  switch (state) {
    case "running":
    case "blocked":
      return { status: "running", statusReason };
    case "shutdown":
      // The guest has been asked and has not ended yet.
      return { status: "running", statusReason: statusReason === "" ? "shutting down" : `shutting down: ${statusReason}` };
    case "paused":
      // QEMU holds a guest whose write found no room (werror=enospc), so that nothing of it is lost.
      if (reason === IO_ERROR) return { status: "paused", statusReason: "I/O error: a disk of the host is full, or fails" };
      // Between QEMU's start and that of the guest's processors.
      return { status: reason === "starting-up" ? "running" : "paused", statusReason };
    case "pmsuspended":
      return { status: "paused", statusReason: "suspended by the guest" };
    case "crashed":
      return { status: "error", statusReason: reason === "panicked" ? "the guest panicked" : "crashed" };
    case "shutoff":
    case "nostate":
      return { status: "stopped", statusReason };
    // A state that is newer than the description.
    default:
      return { status: "error", statusReason: `state ${String(state)}` };
  }
}
