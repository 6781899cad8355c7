/** The state of every VM of a stack, and of what else is on its hosts, from what agents said and what a plan would do. */
import type { AgentObservation } from "@ghost/engine";
import type { ObservedVm, PlanDocument, PlanStep } from "@ghost/schemas";
import { MISSING_DOMAIN } from "@ghost/schemas";
import { compareNames, isDrifted } from "./plan-model.ts";
import { escapeLine } from "./escape.ts";
import type { Style } from "./style.ts";
import type { Cell } from "./table.ts";
import { showNumber } from "./value.ts";

/** What a plan says of a VM, worst news first. */
export type Mark =
  | "unknown"
  | "missing"
  | "drift"
  | "to delete"
  | "to create"
  | "to change"
  | "foreign"
  | "unfinished"
  | "as the spec says";

export interface StatusRow {
  readonly agent: string;
  readonly name: string;
  readonly status: string;
  readonly reason: string;
  readonly mark: Mark;
  readonly owner: string;
  readonly uid: string;
  readonly vcpu?: number;
  readonly ram_gb?: number;
  readonly disk_gb?: number;
  readonly ip_address: string;
}

/** A row for each VM that is there, that should be there, or that is out of sight; by agent and name. */
export function statusRows(plan: PlanDocument, observations: readonly AgentObservation[]): StatusRow[] {
  const steps = new Map(plan.steps.filter(({ body }) => body.kind === "vm").map((step) => [`${step.agent}/${step.body.uid}`, step]));
  const rows: StatusRow[] = [];
  const seen = new Set<PlanStep>();
  for (const { agent, observation } of observations) {
    for (const vm of observation?.vms ?? []) {
      const step = steps.get(`${agent.name}/${vm.uid}`);
      if (step !== undefined) seen.add(step);
      rows.push(liveRow(agent.name, vm, markOf(vm, step, plan.header.owner)));
    }
  }
  for (const step of steps.values()) {
    if (seen.has(step) || step.body.action !== "create") continue;
    rows.push({ agent: step.agent, name: step.body.name, status: "-", reason: "", mark: "to create", owner: "", uid: "", ip_address: "" });
  }
  for (const { agent, name, uid, reason } of plan.unknown)
    rows.push({ agent, name, status: "unknown", reason, mark: "unknown", owner: plan.header.owner, uid, ip_address: "" });
  return rows.toSorted((a, b) => compareNames(a.agent, b.agent) || compareNames(a.name, b.name));
}

export const STATUS_HEADING = ["agent", "name", "status", "vcpu", "ram", "disk", "address", "spec"] as const;

export function statusCells(row: StatusRow, style: Style): Cell[] {
  const size = (value: number | undefined): string => (value === undefined ? "" : `${showNumber(value)} GiB`);
  const paint =
    row.mark === "as the spec says"
      ? style.good
      : row.mark === "foreign"
        ? style.dim
        : row.mark === "to create" || row.mark === "to change"
          ? style.note
          : style.warn;
  const mark = row.mark === "foreign" ? `foreign (${row.owner === "" ? "nobody's" : row.owner})` : row.mark;
  const power = row.status === "running" ? style.good : row.status === "error" ? style.bad : style.dim;
  return [
    row.agent,
    row.name,
    { text: row.status, paint: power },
    row.vcpu === undefined ? "" : String(row.vcpu),
    size(row.ram_gb),
    size(row.disk_gb),
    row.ip_address,
    { text: mark, paint },
  ];
}

/** Why what neither runs nor was stopped is so: a line each below the table. */
export function statusNotes(rows: readonly StatusRow[]): string {
  const noted = rows.filter(
    ({ status, reason, mark }) => (status === "paused" || status === "error") && reason !== "" && mark !== "missing",
  );
  const lines = noted.map(({ agent, name, status, reason }) => escapeLine(`${agent}/${name} is ${status}: ${reason}`));
  return lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
}

function liveRow(agent: string, vm: ObservedVm, mark: Mark): StatusRow {
  const { vcpu, ram_gb, disk_gb } = vm.live;
  return {
    agent,
    name: vm.name,
    status: vm.status,
    reason: vm.statusReason,
    mark,
    owner: vm.owner,
    uid: vm.uid,
    ...(vcpu !== undefined && { vcpu }),
    ...(ram_gb !== undefined && { ram_gb }),
    ...(disk_gb !== undefined && { disk_gb }),
    ip_address: vm.ipAddress,
  };
}

function markOf(vm: ObservedVm, step: PlanStep | undefined, owner: string): Mark {
  if (vm.owner !== owner && step === undefined) return "foreign";
  if (vm.status === "error" && vm.statusReason === MISSING_DOMAIN) return "missing";
  if (vm.phase !== "ready") return "unfinished";
  if (step === undefined) return "as the spec says";
  // Nothing of it differs: a step before did not get to its end.
  if (step.body.action === "update" && step.changes.length === 0) return "unfinished";
  if (step.body.action === "delete" || step.body.action === "release") return "to delete";
  return isDrifted(step) ? "drift" : "to change";
}
