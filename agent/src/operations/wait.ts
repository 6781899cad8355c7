import { setTimeout as sleep } from "node:timers/promises";
import { READY_SIGNS } from "@ghost/engine";
import type { VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import type { Attempt } from "./context.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** False when there is nothing to wait for. */
export function isWaitedFor({ wait_for: what = "none" }: VmConfig): boolean {
  return what !== "none";
}

/** Waits for what `wait_for` names. WAIT_TIMEOUT after `wait_timeout_s`; the VM is left as it is. */
export async function waitUntilReady(
  { hypervisor, progress, signal, intent }: Pick<Attempt, "hypervisor" | "progress" | "signal" | "intent">,
  config: VmConfig,
): Promise<void> {
  const what = config.wait_for ?? "none";
  if (what === "none") return;
  progress({ phase: "wait" });
  const limitMs = (config.wait_timeout_s ?? 300) * 1000;
  const endMs = performance.now() + limitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const domain = await hypervisor.find(intent.uid);
    if (domain === undefined || domain.status !== "running")
      throw problem(
        "WAIT_TIMEOUT",
        `VM "${intent.name}" stopped before ${READY_SIGNS[what]}: it is ${domain?.status ?? "gone"}${domain === undefined ? "" : ` (${domain.statusReason})`}.`,
        { hint: `See what it said (ghost vm logs ${intent.name}), then run the command again.`, path: ["vms", intent.name, "wait_for"] },
      );
    if (isReady(domain, what)) return;
    const leftMs = endMs - performance.now();
    if (leftMs <= 0)
      throw problem(
        "WAIT_TIMEOUT",
        `VM "${intent.name}" runs, but within ${limitMs / 1000} s it was not seen that ${READY_SIGNS[what]}. It is kept as it is.`,
        {
          hint: `See what it says: ghost vm logs ${intent.name}. Apply again to wait again; raise wait_timeout_s if it only needs longer.`,
          path: ["vms", intent.name, "wait_for"],
        },
      );
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function isReady(domain: Domain, what: keyof typeof READY_SIGNS): boolean {
  switch (what) {
    case "ip":
      return domain.ipAddress !== "";
    case "guest-agent":
      return domain.guestAgent;
    case "cloud-init":
      return domain.bootFinished;
  }
}
