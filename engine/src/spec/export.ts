import type { Observation, ObservedVm, PlanTls, VmConfig } from "@ghost/schemas";
import { NAME_PATTERN, SPEC_VERSION } from "@ghost/schemas";
import { BUILTIN_DEFAULTS, defaultsFor } from "../diff/defaults.ts";
import { isEmpty, sameValue } from "../diff/same.ts";
import { stackOwner } from "../plan/make-plan.ts";
import { AGENT_FIELDS } from "./agent-blocks.ts";
import { quote } from "./display.ts";
import type { Emittable } from "./emit.ts";
import { emitYaml } from "./emit.ts";
import { orderByDefinition } from "./ordered.ts";
import { VM_FIELDS } from "./vm-blocks.ts";

export interface ExportInput {
  readonly stack: string;
  readonly agents: readonly {
    readonly name: string;
    readonly address: string;
    readonly tls?: PlanTls;
    readonly observation: Observation;
  }[];
  /** Also the VMs that belong to nobody or to somebody else, with `adopt: true`. */
  readonly adopt?: boolean;
}

type Values = Readonly<Record<string, unknown>>;

const NAME = new RegExp(NAME_PATTERN, "u");
/** Sizes that the host may have between two whole GiB. */
const WHOLE_GIB = ["ram_gb", "ram_max_gb", "disk_gb"] as const;

/**
 * A spec of what is live, which then plans empty: only values that differ from the defaults recorded with each VM. What
 * no spec can say is a comment: names that are not host names, sizes between two whole GiB (rounded up, since a disk
 * must not shrink), and where a secret comes from (the name of a variable to set).
 */
export function exportSpec({ stack, agents, adopt = false }: ExportInput): string {
  const headings = new Map<string, string[]>();
  const vms: Record<string, Emittable> = {};
  const templates: Record<string, Emittable> = {};
  const skipped: string[] = [];
  for (const { name: agentName, observation } of agents) {
    for (const vm of observation.vms) {
      const isOwn = vm.owner === stackOwner(stack);
      if ((!isOwn && !adopt) || vm.phase !== "ready") continue;
      const why = !NAME.test(vm.name)
        ? "its name is not a host name"
        : Object.hasOwn(vms, vm.name)
          ? "another VM of that name is above"
          : undefined;
      if (why !== undefined) {
        skipped.push(`${quote(vm.name)} on ${agentName} is left out: ${why}.`);
        continue;
      }
      const { values, remarks } = describeVm(vm, isOwn);
      if (remarks.length > 0) headings.set(vm.name, remarks);
      if (values.template !== undefined) templates[values.template] = {};
      vms[vm.name] = orderByDefinition(VM_FIELDS, { agent: agentName, ...values, adopt: isOwn ? undefined : true }, (path, version) => ({
        secret: `env:${secretName(vm.name, path)}`,
        version,
      }));
    }
  }
  const spec = {
    ghost: SPEC_VERSION,
    stack,
    agents: Object.fromEntries(agents.map((one) => [one.name, describeAgent(one)])),
    templates: isEmpty(templates) ? undefined : templates,
    vms,
  };
  return emitYaml(spec, {
    heading: (path) => {
      if (path.length === 1 && path[0] === "templates") return ["Names only: what the templates gave stands in each VM."];
      if (path.length === 1 && path[0] === "vms") return skipped;
      return path.length === 2 && path[0] === "vms" ? (headings.get(path[1]!) ?? []) : [];
    },
  });
}

function describeAgent({ address, tls, observation }: ExportInput["agents"][number]): Emittable {
  const { labels, reserved_vcpu, reserved_ram_gb, reserved_disk_gb, schedulable } = observation.host.settings;
  const whole = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.ceil(value));
  const settings = {
    labels: isEmpty(labels) ? undefined : labels,
    reserved_vcpu,
    reserved_ram_gb: whole(reserved_ram_gb),
    reserved_disk_gb: whole(reserved_disk_gb),
    schedulable,
  };
  return orderByDefinition(
    AGENT_FIELDS,
    { address, tls, settings: Object.values(settings).every((value) => value === undefined) ? undefined : settings },
    () => ({}),
  );
}

/**
 * Of a VM that is to be adopted all is written that is not built in; and what is, where the VM has another default on
 * record, as one that was adopted and given up has: the plan would fill that in.
 */
function describeVm(vm: ObservedVm, isOwn: boolean): { readonly values: VmConfig; readonly remarks: string[] } {
  const defaults: readonly Values[] = isOwn ? [defaultsFor(vm)] : [BUILTIN_DEFAULTS, defaultsFor(vm)];
  const values: Record<string, unknown> = {};
  const remarks: string[] = [];
  for (const [name, live] of Object.entries(vm.live as Values)) {
    if (name === "name" || isEmpty(live) || defaults.every((each) => sameValue(live, each[name]))) continue;
    values[name] = live;
  }
  for (const name of WHOLE_GIB) {
    const value = values[name];
    if (typeof value !== "number" || Number.isInteger(value)) continue;
    values[name] = Math.ceil(value);
    remarks.push(`${name} is ${value} on the host; a spec has whole GiB.`);
  }
  if (values["disks"] !== undefined)
    values["disks"] = Object.fromEntries(Object.entries(vm.live.disks ?? {}).map(([name, disk]) => [name, wholeDisk(name, disk, remarks)]));
  if (vm.live.cloud_init?.password !== undefined && values["cloud_init"] !== undefined)
    remarks.push(`Set ${secretName(vm.name, "cloud_init.password")} where Ghost runs; the agent does not know the password.`);
  return { values: values as VmConfig, remarks };
}

function wholeDisk(name: string, disk: { readonly size_gb: number }, remarks: string[]): { readonly size_gb: number } {
  if (Number.isInteger(disk.size_gb)) return disk;
  remarks.push(`Disk ${name} has ${disk.size_gb} GiB on the host; a spec has whole GiB.`);
  return { size_gb: Math.ceil(disk.size_gb) };
}

/** `GHOST_WEB_1_PASSWORD`. */
function secretName(vmName: string, path: string): string {
  const key = path.slice(path.lastIndexOf(".") + 1);
  return `GHOST_${vmName}_${key}`.toUpperCase().replaceAll("-", "_");
}
