/*
 * The action `ghost_vm_restart`: a guest goes down and comes back, for reasons that no plan knows of (an update within
 * the guest, a leak).
 *
 * (1) It is a step like every other: bound to the VM as it is when it begins, for its owner alone, never above a
 *     ceiling; the agent holds it to all of that under the VM's lock.
 * (2) The apply that runs it may make the VM, take it over or allow it more before. So while planning, what such an
 *     apply cannot change is an error, and everything else a warning.
 * (3) Invoked twice, it restarts twice; Terraform itself does not repeat an action.
 */
import { describeOwner, isActive, projectVm } from "@ghost/engine";
import type { Diagnostic as GhostDiagnostic, Observation, ObservedVm, Operation, PlanStep } from "@ghost/schemas";
import { exceedsImpact, IMPACT_MEANING, vm as vmType } from "@ghost/schemas";
import { checkValues } from "../../faces/check.ts";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import type { Action, Context, Diagnostic } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import { runSteps } from "../fleet/run-steps.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { parseDuration } from "../vm/timeouts.ts";

const IMPACT = "restart";
const { name, agent } = vmType.attributes;

const SCHEMA: Schema = {
  version: 0,
  description:
    "Restarts a VM of this stack: its guest is shut down (and powered off when it does not listen within `stop_timeout_s`), started, and waited for as its `wait_for` says. A VM that does not run is left alone, with an error.",
  attributes: {
    ...toAttributeSchemas({ agent: { ...agent, change: "none" }, name: { ...name, change: "none", doc: "Name of the VM on its host." } }),
    timeout: {
      description: "How long to wait for the end, for example `10m`. The agent goes on by itself after that. No limit unless it is set.",
      type: "string",
      optional: true,
    },
  },
};

export function vmRestartAction(session: Session): Action {
  return {
    schema: SCHEMA,
    validate: (config) =>
      Promise.resolve([...checkValues({ agent, name }, config, "the restart").map((one) => toTerraform(one)), ...findWrongTimeout(config)]),
    plan: (config, context) => planRestart(session.walk, config, context),
    invoke: (config, progress, context) => restart(session.walk, config, progress, context),
  };
}

function findWrongTimeout({ timeout }: Values): readonly Diagnostic[] {
  if (typeof timeout !== "string" || parseDuration(timeout) !== undefined) return [];
  const detail = `${JSON.stringify(timeout)} is no duration.`;
  return [toTerraform({ code: "SPEC_BAD_VALUE", severity: "error", detail, hint: "Write it like 90s, 10m or 1h30m.", path: ["timeout"] })];
}

async function planRestart(walk: Walk, config: Values, { signal }: Context): Promise<readonly Diagnostic[]> {
  const found = walk.find(config["agent"] ?? null);
  if (found.kind === "missing") return [toTerraform(found.diagnostic)];
  const tooMuch = findCeiling(walk);
  if (tooMuch !== undefined) return [toTerraform(tooMuch)];
  if (found.kind === "unknown" || config["name"] === UNKNOWN || walk.owner === undefined) return [];
  const { observation, problem } = await found.agent.observe(signal);
  if (problem !== undefined) return [toTerraform({ ...problem, severity: "warning" }, ["agent"])];
  const vm = findVm(observation, config);
  if (vm === undefined) return [];
  const refusal = findRefusal(vm, found.agent.name, walk.owner);
  if (refusal !== undefined) return [toTerraform({ ...refusal, severity: "warning", detail: `As it is now, ${refusal.detail}` })];
  return [
    {
      severity: "warning",
      summary: `VM "${vm.name}" is restarted`,
      detail: `Impact: ${IMPACT} (${IMPACT_MEANING[IMPACT]}).`,
      path: ["name"],
    },
  ];
}

async function restart(walk: Walk, config: Values, progress: (message: string) => void, context: Context): Promise<readonly Diagnostic[]> {
  const found = walk.find(config["agent"] ?? null);
  if (found.kind === "missing") return [toTerraform(found.diagnostic)];
  const { owner } = walk;
  if (found.kind === "unknown" || owner === undefined) throw new Error("an action is invoked with what is not known");
  const { agent: host } = found;
  const tooMuch = findCeiling(walk);
  if (tooMuch !== undefined) return [toTerraform(tooMuch)];
  // What was applied before this, by whomever, is no reason to call the VM another one.
  host.forget();
  const { observation, problem } = await host.observe(context.signal);
  if (problem !== undefined) return [toTerraform({ ...problem, severity: "error" }, ["agent"])];
  const vm = findVm(observation, config);
  const refusal = vm === undefined ? notFound(config, host.name) : findRefusal(vm, host.name, owner);
  if (refusal !== undefined) return [toTerraform(refusal)];

  const object = `${host.name}/${vm!.name}`;
  const { timeout } = config;
  const timeoutMs = typeof timeout === "string" ? parseDuration(timeout) : undefined;
  let last = "";
  const { ok, operation, diagnostics } = await runSteps({
    walk,
    agent: host,
    steps: [stepFor(host, observation, vm!)],
    secretAt: () => "",
    ...(timeoutMs !== undefined && { timeoutMs }),
    context,
    onProgress({ phase }) {
      const message = PHASES[phase];
      if (message !== undefined && message !== last) progress(`${object}: ${message}`);
      last = message ?? last;
    },
  });
  if (operation?.vm === undefined) host.forget();
  else host.keep(operation.vm);
  if (ok) progress(`${object}: ${described(operation)}`);
  return diagnostics.map((one) => toTerraform(one));
}

/** What the agent's phases mean here; the others are of no interest. */
const PHASES: Readonly<Record<string, string>> = {
  waiting: "waits for another operation on it",
  stop: "its guest is shut down",
  start: "it is started",
  wait: "it is waited for",
};

function described(operation: Operation | undefined): string {
  const address = operation?.vm?.ipAddress ?? "";
  return address === "" ? "it runs again" : `it runs again at ${address}`;
}

function stepFor(host: FleetAgent, observation: Observation, vm: ObservedVm): Omit<PlanStep, "hash"> {
  const id = `${host.name}/vm/${vm.name}`;
  return {
    id,
    agent: host.name,
    body: {
      id,
      agent_id: observation.host.agentId,
      kind: "vm",
      action: "restart",
      name: vm.name,
      uid: vm.uid,
      revision: vm.revision,
      impact: IMPACT,
    },
    impact: IMPACT,
    reason: "it is asked for",
    changes: [],
    depends_on: [],
    projection: projectVm(vm),
  };
}

function findVm({ vms }: Observation, config: Values): ObservedVm | undefined {
  return vms.find((vm) => vm.name === config["name"] && vm.phase === "ready");
}

function findCeiling({ settings: { maxImpact } }: Walk): GhostDiagnostic | undefined {
  if (!exceedsImpact(IMPACT, maxImpact)) return undefined;
  return {
    code: "IMPACT_EXCEEDED",
    severity: "error",
    detail: `A restart has impact ${IMPACT}, and max_impact of the provider's block allows at most ${maxImpact}.`,
    hint: `Set max_impact = "${IMPACT}" in the provider's block if that is what you want.`,
  };
}

/** What the agent would refuse too; here it is told at the attribute. */
function findRefusal(vm: ObservedVm, agentName: string, owner: string): GhostDiagnostic | undefined {
  const object = `VM "${vm.name}" on agent "${agentName}"`;
  const refuse = (code: GhostDiagnostic["code"], detail: string, hint: string): GhostDiagnostic => ({
    code,
    severity: "error",
    detail: `${object} ${detail}`,
    hint,
    path: ["name"],
    agent: agentName,
  });
  if (vm.owner !== owner)
    return refuse(
      "OWNED_BY_OTHER",
      `${describeOwner(vm.owner)}; it is not restarted.`,
      "Restart it where it belongs, or take it over first.",
    );
  const allowed = vm.live.disruption?.allow;
  if (allowed !== undefined && exceedsImpact(IMPACT, allowed))
    return refuse(
      "IMPACT_EXCEEDED",
      `allows at most ${allowed} (disruption.allow), and this would be ${IMPACT}.`,
      `First apply it with disruption = { allow = "${IMPACT}" }.`,
    );
  if (!isActive(vm.status))
    return refuse("VM_POWER_STATE", `is ${vm.status}, so there is nothing to restart.`, 'Start it: apply it with power = "running".');
  return undefined;
}

function notFound({ name: wanted }: Values, agentName: string): GhostDiagnostic {
  return {
    code: "VM_NOT_FOUND",
    severity: "error",
    detail: `Agent "${agentName}" has no VM "${wanted as string}".`,
    hint: "Name it as it is called on its host: ghost_vm.NAME.name.",
    path: ["name"],
    agent: agentName,
  };
}
