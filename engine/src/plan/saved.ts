import type { Change, Diagnostic, ObservedVm } from "@ghost/schemas";
import { HARDWARE } from "../diff/hardware.ts";
import { isSaved } from "../diff/projection.ts";

const OF_THE_MACHINE: ReadonlySet<string> = new Set(HARDWARE);

/** Refuses to change the hardware or a disk of a machine whose memory is saved. */
export function changesSaved(existing: ObservedVm, changes: readonly Change[]): readonly Diagnostic[] {
  if (!isSaved(existing)) return [];
  const refused = changes.filter(({ path, impact }) => OF_THE_MACHINE.has(path[0] ?? "") || impact === "data-loss");
  const [first] = refused;
  if (first === undefined) return [];
  const { name } = existing;
  return [
    {
      code: "VM_POWER_STATE",
      severity: "error",
      detail: `VM "${name}" was saved while it ran, and its next start goes on from there, as it was then: ${refused.map(({ path }) => path.join(".")).join(", ")} cannot change before.`,
      hint: `Start it (ghost vm start ${name}) and plan again, or throw the saved memory away: virsh managedsave-remove ${name}`,
      path: ["vms", name, ...first.path],
    },
  ];
}
