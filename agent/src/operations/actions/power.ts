import { isActive } from "@ghost/engine";
import { problem } from "@ghost/schemas";
import type { GhostError, ObservedVm } from "@ghost/schemas";
import type { Hypervisor } from "../../hypervisor/driver.ts";
import type { Underway, VmRecord } from "../../store/records.ts";
import { concludedBeside } from "../context.ts";
import type { Attempt, Outcome } from "../context.ts";
import { isTakenUp, refuseForeign, refuseImpactOf, refuseStale } from "../guard.ts";
import { isWaitedFor, waitUntilReady } from "../wait.ts";
import { refusePassing, requireDomain, wasBegun } from "./present.ts";

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

/** Holds the guest's processors; it stands still, in memory, until it is resumed. */
export async function suspendVm(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const { vm, record } = await requireDomain(attempt);
  if (vm.status === "paused" && wasBegun(attempt, "suspend")) return await concludedBeside(attempt, record, vm, true);
  if (vm.status !== "running")
    throw wrongState(vm, vm.status === "paused" ? "suspended already" : `${vm.status}; only a running VM is suspended`);
  refuseImpactOf(intent, vm, "stop", " (the guest stands still until it is resumed)");
  progress({ phase: "suspend" });
  await attempt.begin({ vm: record });
  await hypervisor.suspend(intent.uid);
  return await concludedBeside(attempt, record, vm);
}

export async function resumeVm(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const { vm, record } = await requireDomain(attempt);
  if (vm.status === "running" && wasBegun(attempt, "resume")) return await concludedBeside(attempt, record, vm, true);
  if (vm.status !== "paused") throw wrongState(vm, `${vm.status}; only a suspended VM is resumed`);
  progress({ phase: "resume" });
  await attempt.begin({ vm: record });
  await hypervisor.resume(intent.uid);
  return await concludedBeside(attempt, record, vm);
}

/**
 * Takes a guest that is up down and brings it up again, as it is: only what waits for its next boot changes. As a step
 * of a plan it is for the owner alone. An attempt that was cut off in between is taken up where the guest is down.
 */
export async function restartVm(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, store, intent, progress } = attempt;
  const { vm, record, domain } = await requireDomain(attempt);
  const isStep = intent.promise !== undefined;
  if (isStep) refuseForeign(intent, vm, record);
  refuseStale(intent, vm, record, RESTART);
  const { underway, ...finished } = record;
  const isHalfDone = isStep ? underway !== undefined && isTakenUp(intent, vm, record, RESTART) : wasBegun(attempt, "stop");
  // Another plan that did not get to its end is left to do so.
  const kept = isStep && isHalfDone ? finished : record;
  // A person sees for himself.
  const after = isStep && isWaitedFor(vm.live) ? { ...kept, isAwaited: true } : kept;
  if (!isActive(vm.status) && !isHalfDone)
    throw problem("VM_POWER_STATE", `VM "${vm.name}" is ${vm.status}, so there is nothing to restart.`, {
      hint: isStep ? "Start it: apply it with power set to running." : `Start it: ghost vm start ${vm.name}`,
      path: ["vms", vm.name, "power"],
    });
  refuseImpactOf(intent, vm, "restart", " (the guest goes down and comes back)");
  progress({ phase: "stop" });
  await attempt.begin({
    vm: isStep ? { ...record, isAwaited: after.isAwaited, planHash: intent.planHash, revision: "", underway: RESTART } : record,
  });
  try {
    if (isActive(vm.status)) {
      refusePassing(domain);
      if (vm.status === "paused") await hypervisor.resume(intent.uid);
      // Cancelled from here on, it would stay down.
      await hypervisor.stop(intent.uid, { timeoutMs: (vm.live.stop_timeout_s ?? 60) * 1000 });
    }
    progress({ phase: "start" });
    await bringUp(hypervisor, intent.uid);
  } catch (reason) {
    // Whatever failed, a guest that was up is not left down for want of a second try.
    await bringUp(hypervisor, intent.uid).catch(() => undefined);
    await store.write({ vm: after });
    throw reason;
  }
  await store.write({ vm: after });
  if (!isStep) return await concludedBeside(attempt, after, vm);
  await waitUntilReady(attempt, vm.live);
  return await concludedBeside(attempt, { ...after, isAwaited: false }, vm);
}

const RESTART: Underway = { changes: ["power"], drops: [] };

async function bringUp(hypervisor: Hypervisor, uid: string): Promise<void> {
  const now = await hypervisor.find(uid);
  if (now?.status === "paused") await hypervisor.resume(uid);
  else if (now?.status !== "running") await hypervisor.start(uid);
}

function wrongState({ name }: ObservedVm, is: string): GhostError {
  return problem("VM_POWER_STATE", `VM "${name}" is ${is}.`, { path: ["vms", name, "power"] });
}

/** The agent's own VMs are to stay as the person left them; for others the spec says what is to be. */
async function beginPower(attempt: Attempt, { record }: { readonly record: VmRecord }, power: "running" | "stopped"): Promise<VmRecord> {
  const isOwn = record.owner === attempt.intent.owner && record.config.power !== "unmanaged";
  const after: VmRecord = isOwn ? { ...record, config: { ...record.config, power }, applied: { ...record.applied, power } } : record;
  await attempt.begin({ vm: record });
  return isOwn ? after : record;
}
