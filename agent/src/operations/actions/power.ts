import { isActive } from "@ghost/engine";
import { problem } from "@ghost/schemas";
import type { VmRecord } from "../../store/records.ts";
import { concludedBeside } from "../context.ts";
import type { Attempt, Outcome, Present } from "../context.ts";
import { refuseForeign, refuseImpactOf } from "../guard.ts";
import { requireSettled } from "../settle.ts";

/**
 * Power, as a person presses the button: whoever owns the VM may see it as drift, but nothing of it is lost. A
 * machine that no agent manages is left alone. VM_POWER_STATE when it is so already.
 */
export async function startVm(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const present = await requireDomain(attempt);
  if (present.vm.status === "running")
    throw problem("VM_POWER_STATE", `VM "${present.vm.name}" is running already.`, { path: ["vms", present.vm.name, "power"] });
  const record = await beginPower(attempt, present, "running");
  progress({ phase: "start" });
  if (present.vm.status === "paused") await hypervisor.resume(intent.uid);
  else await hypervisor.start(intent.uid);
  return await concludedBeside(attempt, record, present.vm);
}

/** Shuts the guest down and waits for it; forced, or after stop_timeout_s, it is powered off. */
export async function stopVm(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const present = await requireDomain(attempt);
  if (!isActive(present.vm.status))
    throw problem(
      "VM_POWER_STATE",
      `VM "${present.vm.name}" is ${present.vm.status === "error" ? `in error (${present.vm.statusReason})` : "stopped already"}.`,
      { path: ["vms", present.vm.name, "power"] },
    );
  refuseImpactOf(intent, present.vm, "stop", " (the guest is shut down and stays down)");
  const record = await beginPower(attempt, present, "stopped");
  progress({ phase: "stop" });
  if (intent.force === true) await hypervisor.powerOff(intent.uid);
  else {
    if (present.vm.status === "paused") await hypervisor.resume(intent.uid);
    await hypervisor.stop(intent.uid, { timeoutMs: (present.vm.live.stop_timeout_s ?? 60) * 1000, signal: attempt.signal });
  }
  return await concludedBeside(attempt, record, present.vm);
}

async function requireDomain(attempt: Attempt): Promise<Present & { readonly record: VmRecord }> {
  const present = await requireSettled(attempt, attempt.intent);
  const { record } = present;
  if (record === undefined) {
    refuseForeign(attempt.intent, present.vm, undefined);
    throw problem("VM_NOT_FOUND", `VM "${present.vm.name}" has no record on this agent.`);
  }
  if (present.domain === undefined)
    throw problem("HOST_ERROR", `VM "${present.vm.name}" is on record, but ${present.vm.statusReason}.`, {
      hint: "Apply its spec: the VM is defined again over the disks that are left.",
    });
  return { ...present, record };
}

/** The agent's own VMs are to stay as the person left them; for others the spec says what is to be. */
async function beginPower(attempt: Attempt, { record }: { readonly record: VmRecord }, power: "running" | "stopped"): Promise<VmRecord> {
  const isOwn = record.owner === attempt.intent.owner && record.config.power !== "unmanaged";
  const after: VmRecord = isOwn ? { ...record, config: { ...record.config, power }, applied: { ...record.applied, power } } : record;
  await attempt.begin({ vm: record });
  return isOwn ? after : record;
}
