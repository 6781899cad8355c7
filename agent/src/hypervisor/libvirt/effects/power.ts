import { destroyDomain, domainState, isLibvirtError, resumeDomain, shutdownDomain, startDomain, suspendDomain } from "@ghost/libvirt";
import type { DomainState, DomainStateName } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../../driver.ts";
import { IO_ERROR } from "../domain-status.ts";
import { outOfRoom } from "../full-disk.ts";
import { told } from "../link.ts";
import type { LibvirtParts, Reading } from "../parts.ts";
import { onHost, requireNetworks } from "./networks.ts";
import { until } from "./until.ts";
import type { WaitLimits } from "./until.ts";

type PowerCalls = Pick<Hypervisor, "start" | "stop" | "powerOff" | "suspend" | "resume">;

/** A guest that is still booting does not hear the first time. */
const ASK_AGAIN_MS = 10_000;
/** How long libvirtd may take to see that a machine is gone. */
const GONE_TIMEOUT_MS = 15_000;

/** How long a start that was begun by somebody else may take. */
const START_TIMEOUT_MS = 30_000;

const NOT_KNOWN = "unknown";

const RUNNING: ReadonlySet<DomainStateName> = new Set(["running", "blocked", "shutdown"]);
const STANDING: ReadonlySet<DomainStateName> = new Set(["paused", "pmsuspended", "crashed"]);

export function powerCalls(parts: LibvirtParts): PowerCalls {
  const { work, readings } = parts;

  return {
    async start(uid) {
      const reading = await readings.require(uid);
      const { name } = reading.domain.stored;
      const { state } = await told(`VM "${name}"`, () => settledState(parts, reading));
      if (RUNNING.has(state)) return;
      if (state === "paused" || state === "pmsuspended")
        throw problem("HOST_ERROR", `VM "${name}" is paused; it has to be resumed, not started.`);
      await requireNetworks(parts, name, onHost(parts, reading.stored.config.nics));
      await told(`VM "${name}"`, async () => {
        // Kept for somebody to look at; a new start ends that.
        if (state === "crashed") await destroy(parts, reading);
        try {
          // From where it was saved, when it was.
          await startDomain(work, reading.ref);
        } catch (reason) {
          // Somebody else may have been faster.
          if (!isLibvirtError(reason, "VIR_ERR_OPERATION_INVALID") || !RUNNING.has((await stateOf(parts, reading)).state)) throw reason;
        }
      });
    },

    async stop(uid, limits) {
      const reading = await readings.require(uid);
      if (!reading.isActive) return "graceful";
      return await told(`VM "${reading.domain.live.name}"`, async () => {
        // What stands still cannot shut down.
        if (!STANDING.has((await stateOf(parts, reading)).state)) await shutDown(parts, reading, limits);
        const hasEnded = await isOff(parts, reading);
        await destroy(parts, reading);
        const { reason } = await stateOf(parts, reading);
        return reason === "shutdown" || (reason === NOT_KNOWN && hasEnded) ? "graceful" : "forced";
      });
    },

    async powerOff(uid) {
      const reading = await readings.require(uid);
      if (reading.isActive) await told(`VM "${reading.domain.live.name}"`, () => destroy(parts, reading));
    },

    async suspend(uid) {
      const reading = await readings.require(uid);
      const { name } = reading.domain.live;
      await told(`VM "${name}"`, async () => {
        const { state } = await stateOf(parts, reading);
        if (state === "paused") return;
        if (!RUNNING.has(state))
          throw problem("HOST_ERROR", `VM "${name}" is ${reading.domain.status}; only a running machine can be suspended.`);
        await suspendDomain(work, reading.ref);
      });
    },

    async resume(uid) {
      const reading = await readings.require(uid);
      const { name } = reading.domain.live;
      await told(`VM "${name}"`, async () => {
        const now = await stateOf(parts, reading);
        if (RUNNING.has(now.state)) return;
        if (now.state !== "paused")
          throw problem("HOST_ERROR", `VM "${name}" is ${reading.domain.status}; only a paused machine can be resumed.`);
        if (now.reason === IO_ERROR) await requireRoom(reading);
        await resumeDomain(work, reading.ref);
      });
    },
  };
}

/** HOST_OUT_OF_DISK for a machine that would stand still again at its next write. */
async function requireRoom({ domain, live }: Reading): Promise<void> {
  const full = await outOfRoom(live, `VM "${domain.live.name}" stands still and is not resumed`);
  if (full !== undefined) throw full;
}

/** Of one that was never stored, too, and is gone with its end. */
async function stateOf({ ask }: Pick<LibvirtParts, "ask">, { ref, isPersistent }: Reading): Promise<DomainState> {
  try {
    return await domainState(ask, ref);
  } catch (reason) {
    if (isPersistent || !isLibvirtError(reason, "VIR_ERR_NO_DOMAIN")) throw reason;
    return { state: "shutoff", reason: NOT_KNOWN };
  }
}

/** Of a machine that somebody else has just begun to start, once it runs or does not. HOST_ERROR when it stays in between. */
async function settledState(parts: LibvirtParts, reading: Reading): Promise<DomainState> {
  let now = await stateOf(parts, reading);
  const isStarting = (): boolean => now.state === "paused" && now.reason === "starting-up";
  if (!isStarting()) return now;
  const isSettled = async (): Promise<boolean> => {
    now = await stateOf(parts, reading);
    return !isStarting();
  };
  if (await until(parts, reading.ref.uuid, ["lifecycle"], { timeoutMs: START_TIMEOUT_MS }, isSettled)) return now;
  const { name } = reading.domain.stored;
  throw problem("HOST_ERROR", `libvirt began to start VM "${name}" and did not get on with it for ${START_TIMEOUT_MS / 1000} s.`, {
    hint: `A libvirtd that was killed meanwhile leaves it so: \`virsh destroy ${name}\`, or end the process of its QEMU and restart libvirtd.`,
  });
}

async function isOff(parts: Pick<LibvirtParts, "ask">, reading: Reading): Promise<boolean> {
  return (await stateOf(parts, reading)).state === "shutoff";
}

/** Asks the guest, and again, until it is off or the time is over. */
async function shutDown(parts: LibvirtParts, reading: Reading, { timeoutMs, signal }: WaitLimits): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) return;
    if (isFirst && reading.domain.guestAgent)
      // An agent that hangs would hold it up; the power button comes next.
      shutdownDomain(parts.work, reading.ref, { mode: "agent", timeoutMs: leftMs }).catch(() => undefined);
    else await pressPowerButton(parts, reading, leftMs);
    const limits = { timeoutMs: Math.min(leftMs, ASK_AGAIN_MS), ...(signal && { signal }) };
    if (await until(parts, reading.ref.uuid, ["lifecycle"], limits, () => isOff(parts, reading))) return;
  }
}

async function pressPowerButton(parts: LibvirtParts, reading: Reading, timeoutMs: number): Promise<void> {
  try {
    await shutdownDomain(parts.work, reading.ref, { mode: "acpi", timeoutMs });
  } catch (reason) {
    // A machine that is being saved does not hear it now, and the plug can be pulled all the same.
    if (isLibvirtError(reason, "VIR_ERR_OPERATION_TIMEOUT") || (await isOff(parts, reading))) return;
    // One that ends takes the question with it, and libvirt sees the end a moment later.
    const isLost = isLibvirtError(reason, "VIR_ERR_SYSTEM_ERROR", "VIR_ERR_INTERNAL_ERROR");
    const limits = { timeoutMs: Math.min(timeoutMs, GONE_TIMEOUT_MS) };
    if (!isLost || !(await until(parts, reading.ref.uuid, ["lifecycle"], limits, () => isOff(parts, reading)))) throw reason;
  }
}

/** Nothing when it is off already. */
async function destroy(parts: LibvirtParts, reading: Reading): Promise<void> {
  if (await isOff(parts, reading)) return;
  try {
    await destroyDomain(parts.work, reading.ref);
  } catch (reason) {
    // It ended meanwhile, or a libvirtd that has just been started has ended it and says that it did not run.
    const isGone = (): Promise<boolean> => isOff(parts, reading);
    const isKnown = isLibvirtError(reason, "VIR_ERR_OPERATION_INVALID", "VIR_ERR_NO_DOMAIN");
    if (!isKnown || !(await until(parts, reading.ref.uuid, ["lifecycle"], { timeoutMs: GONE_TIMEOUT_MS }, isGone))) throw reason;
  }
}
