import type { ObservedVm, VmConfig } from "@ghost/schemas";

type ReadySign = Exclude<NonNullable<VmConfig["wait_for"]>, "none">;

/** What each value of `wait_for` waits for, as a clause. */
export const READY_SIGNS: Readonly<Record<ReadySign, string>> = {
  ip: "it has an address",
  "guest-agent": "the agent in the guest answers",
  "cloud-init": "cloud-init has finished",
};

/**
 * What a VM that runs is still waited for, as a clause: a step that started it ended before that was seen. Whether it is
 * so by now does not count, since an address or an agent that answers may be gone again: a step that waits sees it, and
 * that is on record then.
 */
export function findAwaited(
  { wait_for: what = "none", power }: VmConfig,
  { isAwaited, status }: Pick<ObservedVm, "isAwaited" | "status">,
): string | undefined {
  return isAwaited && status === "running" && power !== "stopped" && what !== "none" ? READY_SIGNS[what] : undefined;
}
