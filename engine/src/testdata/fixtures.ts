/** Small specs and answers of agents for tests. */
import type { AgentSettings, Capabilities, Observation, ObservedVm, Resources, SetRecord, VmConfig } from "@ghost/schemas";
import type { Desired, DesiredAgent, DesiredVm } from "../desired.ts";
import { BUILTIN_DEFAULTS, withDefaults } from "../diff/defaults.ts";
import { revisionOf } from "../diff/projection.ts";
import type { PlanOptions } from "../plan/make-plan.ts";

export const STACK = "shop";
const OWNER = "spec:shop";

export const ALL_CAPABILITIES: Capabilities = { vcpu_plug: true, vcpu_unplug: true, ram_balloon: true, disk_plug: true, disk_grow: true, network_plug: true, kvm: true };
const PLENTY: Resources = { vcpu: 1000, ram_gb: 1000, disk_gb: 100_000 };

const at = (line: number, column = 3): { readonly file: string; readonly line: number; readonly column: number } => ({ file: "ghost.yaml", line, column });

export function anAgent(name: string, settings: AgentSettings = {}): DesiredAgent {
  return { name, address: `${name}.example:9090`, timeoutMs: 10_000, settings, at: at(1) };
}

/** A VM of the spec; `agent` is `desk` unless said otherwise. */
export function aVm(name: string, config: VmConfig = {}, more: Partial<DesiredVm> = {}): DesiredVm {
  return {
    name,
    key: name,
    agent: "desk",
    config: { name, ...config },
    dependsOn: [],
    previousNames: [],
    adopt: false,
    secrets: {},
    origins: { "": { at: at(10), layer: "vm" }, vcpu: { at: at(12, 11), layer: "vm" } },
    ...more,
  };
}

export function aSpec(vms: readonly DesiredVm[], agents: readonly DesiredAgent[] = [anAgent("desk")]): Desired {
  return { stack: STACK, agents, vms, specHash: "sha256:spec" };
}

/** A VM on an agent: made by the stack from this configuration, running, unless said otherwise. */
export function aLiveVm(name: string, config: VmConfig = {}, more: Partial<ObservedVm> = {}): ObservedVm {
  const full = withDefaults({ name, ...config }, BUILTIN_DEFAULTS);
  const vm: ObservedVm = {
    uid: `uid-${name}`,
    name,
    owner: OWNER,
    live: full,
    applied: full,
    defaults: BUILTIN_DEFAULTS,
    pending: {},
    status: full.power === "stopped" ? "stopped" : "running",
    statusReason: "",
    revision: "",
    ipAddress: "",
    imageDigest: "",
    planHash: "",
    gitCommit: "",
    diskIds: { root: `disk-${name}` },
    macs: {},
    guestAgent: false,
    phase: "ready",
    isAwaited: false,
    ...more,
  };
  return { ...vm, revision: revisionOf(vm) };
}

export function anAnswer(
  agentName: string,
  vms: readonly ObservedVm[] = [],
  more: { readonly host?: Partial<Observation["host"]>; readonly set?: SetRecord } = {},
): Observation {
  return {
    host: {
      agentId: `id-${agentName}`,
      name: agentName,
      version: "0.1.0",
      hypervisor: "simulated",
      total: PLENTY,
      reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 },
      available: PLENTY,
      capabilities: ALL_CAPABILITIES,
      settings: {},
      images: [],
      ...more.host,
    },
    vms,
    templates: [],
    operations: [],
    ...(more.set && { set: more.set }),
  };
}

/** The record of the stack: members as `agent/name`. */
export function aSet(members: readonly string[], agents: readonly string[] = [], serial = 1): SetRecord {
  const split = members.map((member) => member.split("/") as [string, string]);
  const names = [...new Set([...split.map(([agent]) => agent), ...agents])];
  return {
    stack: STACK,
    serial,
    members: split.map(([agent, name]) => ({ kind: "vm", name, uid: `uid-${name}`, agentId: `id-${agent}` })),
    agents: names.map((name) => ({ agentId: `id-${name}`, name, address: `${name}.example:9090` })),
  };
}

/** A fixed clock and counted uids. */
export function planOptions(more: Partial<PlanOptions> = {}): PlanOptions {
  let made = 0;
  return { now: new Date("2026-01-02T03:04:05.678Z"), newUid: () => `new-${++made}`, version: "0.1.0", ...more };
}
