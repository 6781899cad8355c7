/*
 * The three-way difference of one VM: desired, live, last applied.
 *
 * (1) Only desired against live decides whether something changes. Last applied decides the cause: a desired value
 *     that was applied before and is not there any more is drift.
 * (2) Items of a map are matched by name, objects by key; lists are values.
 * (3) An attribute without a default that nobody set is taken away where the machine has it, except a MAC address:
 *     without one of its own a card keeps the one it has.
 */
import type { Attribute, Capabilities, Change, Impact, Json, VmConfig, VmStatus } from "@ghost/schemas";
import { compareImpact, vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { isIgnored } from "./ignored.ts";
import { impactOf, isActive } from "./impact.ts";
import { isEmpty, own, sameValue } from "./same.ts";
import { hasUnknown, UNKNOWN } from "./unknown.ts";

export interface VmDiffInput {
  /** Complete, defaults filled in; may hold `UNKNOWN` anywhere. */
  readonly desired: VmConfig;
  readonly live: VmConfig;
  /** What was applied last; empty for a VM that nobody applied. */
  readonly applied: VmConfig;
  /** Attributes stored with another value for the next boot. */
  readonly pending?: VmConfig;
  readonly status: VmStatus;
  /** In the hypervisor's words; `SAVED_DOMAIN` counts. */
  readonly statusReason?: string;
  readonly capabilities: Capabilities;
  readonly guestAgent: boolean;
  /** Disks whose files Ghost did not make. */
  readonly foreignDisks?: readonly string[] | undefined;
}

type Values = Readonly<Record<string, unknown>>;

interface Difference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
  readonly applied: unknown;
  readonly sensitive: boolean;
}

const ATTRIBUTES: Readonly<Record<string, Attribute>> = vm.attributes;

/** What makes the VM as desired; empty when it is. Sorted worst impact first, then by path. */
export function diffVm(input: VmDiffInput): Change[] {
  const { desired, live, applied, pending } = input;
  const changes: Change[] = [];
  for (const name of VM_CONFIG_ATTRIBUTES) {
    if (isAsDesired(name, desired, live, input.status)) {
      if (pending?.[name] !== undefined && !isIgnored(name, desired, live)) {
        for (const difference of differences(name, desired, pending, applied)) changes.push(storedChange(input, difference));
      }
      continue;
    }
    if (name === "power") changes.push(change(input, powerDifference(input)));
    else for (const difference of differences(name, desired, live, applied)) changes.push(change(input, difference));
  }
  return sortChanges(changes);
}

/** True when `diffVm` would find nothing in what the machine has now; the common case, and cheap. */
export function isVmAsDesired(desired: VmConfig, live: VmConfig, status: VmStatus): boolean {
  return VM_CONFIG_ATTRIBUTES.every((name) => isAsDesired(name, desired, live, status));
}

/** Worst impact first, then by path. */
export function sortChanges(changes: Change[]): Change[] {
  return changes.sort((a, b) => compareImpact(b.impact, a.impact) || comparePaths(a.path, b.path));
}

function isAsDesired(name: keyof VmConfig, desired: VmConfig, live: VmConfig, status: VmStatus): boolean {
  switch (name) {
    case "power":
      return desired.power === undefined || isPowerAsDesired(desired.power, status);
    case "vcpu_max":
      return sameHeadroom([desired.vcpu_max, desired.vcpu], [live.vcpu_max, live.vcpu]);
    case "ram_max_gb":
      return sameHeadroom([desired.ram_max_gb, desired.ram_gb], [live.ram_max_gb, live.ram_gb]);
    case "networks":
      return (
        sameValue(desired.networks, live.networks) ||
        (!hasUnknown(desired.networks) && [...differences(name, desired, live, {})].length === 0)
      );
    default:
      return sameValue(desired[name], live[name]) || isIgnored(name, desired, live);
  }
}

/** A machine that crashed is down: there is nothing to stop. */
export function isPowerAsDesired(desired: NonNullable<VmConfig["power"]>, status: VmStatus): boolean {
  return desired === "unmanaged" || desired === status || (desired === "stopped" && !isActive(status));
}

type Headroom = readonly [most: number | undefined, has: number | undefined];

/** No headroom and headroom up to what the machine has, or is to have, are the same. */
function sameHeadroom([desired, wanted]: Headroom, [live, has]: Headroom): boolean {
  return sameValue(desired, live) || (live === undefined ? desired === has : desired === undefined && (live === has || live === wanted));
}

function* differences(name: keyof VmConfig, desired: VmConfig, live: VmConfig, applied: VmConfig): Generator<Difference> {
  yield* walk(ATTRIBUTES[name]!, [name], desired[name], live[name], applied[name]);
}

function* walk(attribute: Attribute, path: readonly string[], desired: unknown, live: unknown, applied: unknown): Generator<Difference> {
  if (sameValue(desired, live) || isKeptMac(path, desired)) return;
  const sensitive = attribute.sensitive === true;
  if (desired === UNKNOWN || sensitive || (attribute.kind !== "map" && attribute.kind !== "object")) {
    yield { path, before: live, after: desired, applied, sensitive };
    return;
  }
  const [want, have, had] = [values(desired), values(live), values(applied)];
  for (const key of new Set([...Object.keys(want), ...Object.keys(have)])) {
    const inner = attribute.kind === "map" ? attribute.of : own(attribute.attributes, key);
    if (inner === undefined) continue;
    const [after, before, last] = [own(want, key), own(have, key), own(had, key)];
    const whole = attribute.kind === "map" && (after === undefined || before === undefined);
    if (!whole) yield* walk(inner, [...path, key], after, before, last);
    else if (after !== before) yield { path: [...path, key], before, after, applied: last, sensitive: false };
  }
}

function isKeptMac(path: readonly string[], desired: unknown): boolean {
  return desired === undefined && path.length === 3 && path[0] === "networks" && path[2] === "mac";
}

function values(value: unknown): Values {
  return typeof value === "object" && value !== null ? (value as Values) : {};
}

function powerDifference({ desired, applied, status }: VmDiffInput): Difference {
  return { path: ["power"], before: status, after: desired.power, applied: applied.power, sensitive: false };
}

function change(input: VmDiffInput, difference: Difference): Change {
  const { path, before, after, applied } = difference;
  const op = isEmpty(before) ? "add" : isEmpty(after) ? "remove" : "update";
  const unknown = hasUnknown(after);
  const { impact, reason } = impactOf({
    path,
    op,
    before,
    after,
    desired: input.desired,
    live: input.live,
    status: input.status,
    ...(input.statusReason !== undefined && { statusReason: input.statusReason }),
    capabilities: input.capabilities,
    guestAgent: input.guestAgent,
    foreignDisks: input.foreignDisks ?? [],
  });
  return {
    path,
    op,
    ...(before === undefined ? {} : { before: before as Json }),
    ...(after === undefined || unknown ? {} : { after: after as Json }),
    ...(applied === undefined || sameValue(before, applied) ? {} : { last_applied: applied as Json }),
    cause: sameValue(after, applied) ? "drift" : "spec",
    impact,
    reason,
    ...(difference.sensitive ? { sensitive: true } : {}),
    ...(unknown ? { unknown: true } : {}),
  };
}

/** The machine is as desired, and something else is stored for its next boot: storing it again disturbs nobody. */
function storedChange(input: VmDiffInput, difference: Difference): Change {
  const found = change(input, difference);
  const impact: Impact = found.impact === "data-loss" ? found.impact : "none";
  return {
    ...found,
    impact,
    pending: true,
    reason: impact === "none" ? "another value is stored for the next boot; the running machine is as desired" : found.reason,
  };
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    if (a[at] !== b[at]) return a[at]! < b[at]! ? -1 : 1;
  }
  return a.length - b.length;
}
