import type { Diagnostic, DiagnosticCode, Resources } from "@ghost/schemas";
import { subtractResources } from "./demand.ts";
import type { Host } from "./fleet.ts";
import { at } from "./locate.ts";
import type { Draft } from "./steps.ts";

const KINDS = {
  vcpu: { code: "HOST_OUT_OF_VCPU", noun: "processors", unit: "" },
  ram_gb: { code: "HOST_OUT_OF_MEMORY", noun: "memory", unit: " GiB" },
  disk_gb: { code: "HOST_OUT_OF_DISK", noun: "disk space", unit: " GiB" },
} as const satisfies Record<keyof Resources, { code: DiagnosticCode; noun: string; unit: string }>;

/** What a host has left, once its settings are as the spec has them. */
function availableOn(host: Host): Resources {
  const { available, reserved } = host.observation.host;
  const { reserved_vcpu: vcpu = 0, reserved_ram_gb: ramGb = 0, reserved_disk_gb: diskGb = 0 } = host.agent.settings;
  // agent.yaml may reserve more than the settings: lowering them frees nothing that is known.
  const raised = {
    vcpu: Math.max(0, vcpu - reserved.vcpu),
    ram_gb: Math.max(0, ramGb - reserved.ram_gb),
    disk_gb: Math.max(0, diskGb - reserved.disk_gb),
  };
  return subtractResources(available, raised);
}

/** What a host has left once all of these steps are done. */
export function availableAfter(host: Host, drafts: readonly Draft[]): Resources {
  return drafts.reduce((left, { demand }) => subtractResources(left, demand), availableOn(host));
}

/**
 * Checks that the host can carry what the steps add, together. What deletes give back does not count: they come last,
 * when everything else has succeeded.
 */
export function checkCapacity(host: Host, drafts: readonly Draft[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const available = availableOn(host);
  for (const resource of Object.keys(KINDS) as (keyof Resources)[]) {
    const takers = drafts.filter(({ demand }) => demand[resource] > 0);
    const needed = takers.reduce((sum, { demand }) => sum + demand[resource], 0);
    if (needed <= available[resource]) continue;
    const givesBack = drafts.some(({ demand }) => demand[resource] < 0);
    diagnostics.push(shortOf({ host, resource, takers, needed, available: available[resource], givesBack }));
  }
  return diagnostics;
}

/** Refuses new VMs on a host that takes none. */
export function checkSchedulable(host: Host, drafts: readonly Draft[]): Diagnostic[] {
  const schedulable = host.agent.settings.schedulable ?? host.observation.host.settings.schedulable ?? true;
  if (schedulable) return [];
  return drafts
    .filter(({ step, existing }) => step.body.action === "create" && existing?.phase !== "ready")
    .map(({ step, vm }) => ({
      code: "HOST_NOT_SCHEDULABLE",
      severity: "error",
      detail: `VM "${step.body.name}" is new, and agent "${host.agent.name}" takes no new VMs (schedulable: false).`,
      hint: `Put the VM on another agent, or set schedulable: true in the agent's settings.`,
      path: ["vms", step.body.name, "agent"],
      ...at(vm, ["agent"]),
      agent: host.agent.name,
    }));
}

interface Shortage {
  readonly host: Host;
  readonly resource: keyof Resources;
  readonly takers: readonly Draft[];
  readonly needed: number;
  readonly available: number;
  /** Whether another step of the plan frees some of it. */
  readonly givesBack: boolean;
}

function shortOf({ host, resource, takers, needed, available, givesBack }: Shortage): Diagnostic {
  const { code, noun, unit } = KINDS[resource];
  const total = host.observation.host.total[resource];
  let left = available;
  const first = takers.find(({ demand }) => (left -= demand[resource]) < 0);
  const say = (amount: number): string => `${Math.round(amount * 100) / 100}${unit}`;
  return {
    code,
    severity: "error",
    detail: `Agent "${host.agent.name}" has ${say(Math.max(0, available))} of ${say(total)} ${noun} left and the plan needs ${say(needed)} for ${listNames(takers)}: ${say(needed - Math.max(0, available))} short.${givesBack ? " What the plan gives back is free only afterwards." : ""}`,
    hint: "Make VMs smaller, put some on another agent, or lower what is reserved there.",
    path: ["vms", first?.vm?.name ?? "", resource],
    ...at(first?.vm, [resource]),
    agent: host.agent.name,
  };
}

function listNames(drafts: readonly Draft[]): string {
  const names = drafts.slice(0, 5).map(({ step }) => `"${step.body.name}"`);
  return drafts.length > names.length ? `${names.join(", ")} and ${drafts.length - names.length} more` : names.join(", ");
}
