/*
 * What a change does to a running VM: one rule per attribute, here and nowhere else.
 *
 * (1) A rule gives the impact on a machine that runs, and the fact that decides it as a clause.
 * (2) A machine that does not run cannot be disrupted: what is milder than `replace` becomes `none`.
 * (3) A value that is not known yet gets the worst of its attribute's class and its rule.
 */
import type { Attribute, Attributes, Capabilities, Impact, VmConfig, VmStatus } from "@ghost/schemas";
import { compareImpact, vm, worstImpact } from "@ghost/schemas";
import { isSaved } from "./projection.ts";
import { UNKNOWN } from "./unknown.ts";

/** What a rule may look at. */
export interface ChangeFacts {
  readonly path: readonly string[];
  readonly op: "add" | "remove" | "update";
  readonly before: unknown;
  readonly after: unknown;
  readonly desired: VmConfig;
  readonly live: VmConfig;
  readonly status: VmStatus;
  /** Why it has this status, as its host says. */
  readonly statusReason?: string;
  readonly capabilities: Capabilities;
  /** An agent in the guest answers, so that the guest can be told to act. */
  readonly guestAgent: boolean;
  /** Names of the disks whose files Ghost did not make, and does not delete. */
  readonly foreignDisks: readonly string[];
}

export interface Verdict {
  readonly impact: Impact;
  /** A clause, without a full stop: "8 GiB is within ram_max_gb (16 GiB)". */
  readonly reason: string;
}

type Rule = (facts: ChangeFacts) => Verdict;

/** By path, with `*` for the key of a map's item. */
export const IMPACT_RULES: Readonly<Record<string, Rule>> = {
  name: always("restart", "a rename needs the guest down"),
  template: always("none", "only the values taken from a template touch the VM, and they are listed on their own"),
  image: imageRule,
  image_url: imageRule,
  image_sha256: imageRule,
  image_path: imageRule,
  image_on_change: recorded(),
  vcpu: vcpuRule,
  vcpu_max: always("restart", "headroom is set when the machine starts"),
  ram_gb: ramRule,
  ram_max_gb: always("restart", "headroom is set when the machine starts"),
  disk_gb: diskSizeRule,
  "disks.*": diskRule,
  "disks.*.size_gb": diskSizeRule,
  "networks.*": networkRule,
  "networks.*.network": networkRule,
  "networks.*.bridge": networkRule,
  "networks.*.mac": always("restart", "a card's MAC address is set when the machine starts"),
  power: powerRule,
  autostart: recorded(),
  firmware: always("replace", "firmware is chosen when the machine is made; its disks are kept"),
  machine: always("replace", "the machine type is chosen when the machine is made; its disks are kept"),
  accel: always("restart", "acceleration is chosen when the machine starts"),
  "cloud_init.packages": cloudInitRule,
  "cloud_init.user_data": cloudInitRule,
  "cloud_init.network_config": cloudInitRule,
  "cloud_init.password": cloudInitRule,
  cloud_init_on_change: recorded(),
  ssh_keys: cloudInitRule,
  "labels.*": recorded(),
  "metadata.*": recorded(),
  protect: recorded(),
  "disruption.allow": recorded(),
  wait_for: recorded(),
  wait_timeout_s: recorded(),
  stop_timeout_s: recorded(),
  on_remove: recorded(),
};

/** True when a change of power or hardware is felt: the machine runs, or is paused with its memory kept. */
export function isActive(status: VmStatus): boolean {
  return status === "running" || status === "paused";
}

/** The impact of one change and why. */
export function impactOf(facts: ChangeFacts): Verdict {
  const { name, attribute } = findAttribute(facts.path);
  const rules = rulesFor(name);
  const verdict = facts.after === UNKNOWN ? worstVerdict(attribute, rules, { ...facts, after: undefined }) : rules[0]!(facts);
  if (isActive(facts.status) || verdict.impact === "none" || compareImpact(verdict.impact, "replace") >= 0) return verdict;
  return { impact: "none", reason: facts.status === "stopped" ? "the VM is stopped" : "the VM does not run" };
}

/** The definition behind a path, and the path as the table of rules names it. */
export function findAttribute(path: readonly string[]): { readonly name: string; readonly attribute: Attribute } {
  const names: string[] = [];
  let attribute: Attribute | undefined;
  let inside: Attributes | undefined = vm.attributes;
  for (const key of path) {
    if (attribute?.kind === "map") {
      names.push("*");
      attribute = attribute.of;
    } else {
      names.push(key);
      attribute = inside?.[key];
    }
    if (attribute === undefined) throw new RangeError(`no attribute ${path.join(".")}`);
    inside = attribute.kind === "object" ? attribute.attributes : undefined;
  }
  if (attribute === undefined) throw new RangeError("a path names at least one attribute");
  return { name: names.join("."), attribute };
}

function worstVerdict(attribute: Attribute, rules: readonly Rule[], facts: ChangeFacts): Verdict {
  return { impact: worstImpact([attribute.change, ...rules.map((rule) => rule(facts).impact)]), reason: "the new value is not known yet" };
}

/** The rule of an attribute, or those of all its parts where the whole is not known yet. */
function rulesFor(name: string): readonly Rule[] {
  const own = IMPACT_RULES[name];
  if (own !== undefined) return [own];
  const parts = Object.keys(IMPACT_RULES).filter((key) => key.startsWith(`${name}.`));
  if (parts.length === 0) throw new RangeError(`attribute ${name} has no rule`);
  return parts.map((key) => IMPACT_RULES[key]!);
}

function always(impact: Impact, reason: string): Rule {
  return () => ({ impact, reason });
}

function recorded(): Rule {
  return always("none", "kept by the agent; the guest does not see it");
}

function imageRule(facts: ChangeFacts): Verdict {
  return madeAnew(facts, "root", "the root disk is made anew from the image");
}

/** A disk in whose place comes another one; who only sees the impact must know that the guest does not have its content any more. */
function madeAnew({ foreignDisks }: ChangeFacts, disk: string, reason: string): Verdict {
  return { impact: "data-loss", reason: foreignDisks.includes(disk) ? `${reason}; the file of the old one stays: ${NOT_OURS}` : reason };
}

const NOT_OURS = "Ghost did not make it";

function vcpuRule({ before, after, desired, live, capabilities }: ChangeFacts): Verdict {
  const limit = live.vcpu_max ?? live.vcpu ?? 0;
  const wanted = Number(after);
  // What the machine has less of than it was started with comes back without a start.
  if (desired.vcpu_max === undefined && live.vcpu_max !== wanted)
    return { impact: "restart", reason: "without vcpu_max the number of processors is fixed when the machine starts" };
  if (wanted > limit) return { impact: "restart", reason: `${wanted} is above the running machine's vcpu_max (${limit})` };
  const grows = wanted > Number(before);
  if (grows && !capabilities.vcpu_plug) return { impact: "restart", reason: "the host cannot add processors to a running machine" };
  if (!grows && !capabilities.vcpu_unplug) return { impact: "restart", reason: "the host cannot take processors from a running machine" };
  return { impact: "live", reason: `${wanted} is within vcpu_max (${limit})` };
}

function ramRule({ after, desired, live, capabilities }: ChangeFacts): Verdict {
  const limit = live.ram_max_gb ?? live.ram_gb ?? 0;
  const wantedGb = Number(after);
  if (desired.ram_max_gb === undefined && live.ram_max_gb !== wantedGb)
    return { impact: "restart", reason: "without ram_max_gb the memory is fixed when the machine starts" };
  if (wantedGb > limit) return { impact: "restart", reason: `${wantedGb} GiB is above the running machine's ram_max_gb (${limit} GiB)` };
  if (!capabilities.ram_balloon) return { impact: "restart", reason: "the host cannot change the memory of a running machine" };
  return { impact: "live", reason: `${wantedGb} GiB is within ram_max_gb (${limit} GiB)` };
}

function diskSizeRule(facts: ChangeFacts): Verdict {
  const { path, before, after, capabilities, guestAgent } = facts;
  if (before === undefined) return { impact: "data-loss", reason: "the disk's present size is not known" };
  const [fromGb, toGb] = [Number(before), after === undefined ? 0 : Number(after)];
  if (toGb < fromGb)
    return madeAnew(
      facts,
      path[0] === "disk_gb" ? "root" : (path[1] ?? ""),
      `a disk of ${fromGb} GiB does not shrink; it is made anew and empty`,
    );
  if (!capabilities.disk_grow) return { impact: "restart", reason: "the host cannot grow a disk of a running machine" };
  if (guestAgent)
    return { impact: "live", reason: `the disk grows from ${fromGb} to ${toGb} GiB and the guest's agent is there to use it` };
  return { impact: "guest", reason: `the disk grows from ${fromGb} to ${toGb} GiB; the guest must grow its partition and file system` };
}

function diskRule({ op, path, status, capabilities, foreignDisks }: ChangeFacts): Verdict {
  if (op === "remove" && foreignDisks.includes(path[1] ?? "")) {
    const stays = `its file stays: ${NOT_OURS}`;
    if (!isActive(status)) return { impact: "none", reason: `the disk is detached; ${stays}` };
    if (!capabilities.disk_plug) return { impact: "restart", reason: `the host cannot detach a disk from a running machine; ${stays}` };
    return { impact: "guest", reason: `the disk is detached, and the guest must let go of it; ${stays}` };
  }
  if (op === "remove") return { impact: "data-loss", reason: "the disk and its content are deleted" };
  if (!capabilities.disk_plug) return { impact: "restart", reason: "the host cannot add a disk to a running machine" };
  return { impact: "live", reason: "the host adds a disk to a running machine" };
}

function networkRule({ op, path, capabilities }: ChangeFacts): Verdict {
  if (!capabilities.network_plug) return { impact: "restart", reason: "the host cannot plug network cards of a running machine" };
  const what =
    path.length > 2 || op === "update"
      ? "the card is plugged into another network"
      : op === "add"
        ? "a card is added"
        : "the card is taken out";
  return { impact: "live", reason: `${what} while the machine runs` };
}

function powerRule({ before, after, status, statusReason = "" }: ChangeFacts): Verdict {
  if (after === "stopped") return { impact: "stop", reason: "the guest is shut down and stays down" };
  if (before === "paused")
    return { impact: "live", reason: `the machine is resumed${statusReason === "" ? "" : ` (paused: ${statusReason})`}` };
  return {
    impact: "none",
    reason: isSaved({ status, statusReason }) ? "the machine goes on from where it was saved" : "the machine is started",
  };
}

/** With `ignore` it is a change only where the root disk is made anew for another reason: see `isIgnored`. */
function cloudInitRule(facts: ChangeFacts): Verdict {
  const { desired } = facts;
  if (desired.cloud_init_on_change === "next-boot")
    return { impact: "next-boot", reason: "cloud-init runs again at the next boot (cloud_init_on_change: next-boot)" };
  if (desired.cloud_init_on_change === "recreate")
    return madeAnew(facts, "root", "the root disk is made anew (cloud_init_on_change: recreate)");
  return madeAnew(facts, "root", "the root disk is made anew, so cloud-init starts again");
}
