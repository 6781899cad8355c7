/*
 * The settings of one agent.
 *
 * (1) The agent is there without Terraform: making this resource is taking its settings into the configuration, and
 *     destroying it is leaving them as they are.
 * (2) Settings touch no VM, and the last who sets one has it: there is no revision that they are bound to.
 */
import { settingsStep } from "@ghost/engine";
import type { Diagnostic as GhostDiagnostic } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import { newValues, sameValues } from "../../faces/values.ts";
import type {
  ApplyAnswer,
  ApplyRequest,
  Context,
  Diagnostic,
  ImportAnswer,
  ImportRequest,
  PlanAnswer,
  PlanRequest,
  ReadAnswer,
  ReadRequest,
  Resource,
} from "../../protocol6/provider.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import { runSteps } from "../fleet/run-steps.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { AGENT_SCHEMA } from "./agent-schema.ts";
import { agentState, computedValues, openSettings, plannedSettings, toAgentSettings } from "./agent-values.ts";
import { validateAgentConfig } from "./validate-agent.ts";

/** The resource `ghost_agent`. */
export function agentResource(session: Session): Resource {
  return {
    schema: AGENT_SCHEMA,
    validate: async (config) => validateAgentConfig(config),
    read: (request, context) => readAgent(session.walk, request, context),
    plan: (request, context) => planAgent(session.walk, request, context),
    apply: (request, context) => applyAgent(session.walk, request, context),
    import: (request, context) => importAgent(session.walk, request, context),
  };
}

/** An agent that cannot be asked stays as it is, with a warning: silence is not absence. */
async function readAgent(walk: Walk, { state }: ReadRequest, { signal }: Context): Promise<ReadAnswer> {
  const name: Value = state["name"] ?? null;
  const warn = (why: string): readonly Diagnostic[] => [
    { severity: "warning", summary: `Agent "${textOf(name)}" is not read`, detail: `${why}\n\nIts state stays as it was.`, path: ["name"] },
  ];
  const asked = await ask(walk, name, "name", signal);
  if (asked.kind !== "answer") {
    const { detail, hint } = problemOf(asked, name, "name")!;
    return { diagnostics: warn(hint === undefined ? detail : `${detail} ${hint}`) };
  }
  const { host } = asked.observation;
  const { entry } = asked.agent;
  const before = state["agent_id"] ?? null;
  if (before === null || before === host.agentId) return { state: agentState(name, host) };
  return {
    state: agentState(name, host),
    diagnostics: [
      {
        severity: "warning",
        summary: `A different agent answers as "${textOf(name)}"`,
        detail: `At ${entry.address} answers the agent with agent_id ${host.agentId}; the settings in the state are those of ${textOf(before)}. Correct the address if that is not meant; otherwise the plan shows what differs.`,
        path: ["name"],
      },
    ],
  };
}

async function planAgent(walk: Walk, { prior, proposed, config }: PlanRequest, { signal }: Context): Promise<PlanAnswer> {
  if (proposed === null || config === null) return { planned: null, diagnostics: [staysThere(prior)] };
  const refuse = (problem: GhostDiagnostic): PlanAnswer => ({ planned: proposed, diagnostics: [toTerraform(problem)] });
  const name: Value = config["name"] ?? null;
  const isOther = prior !== null && name !== UNKNOWN && name !== prior["name"];
  const before = isOther ? null : prior;
  const more = isOther ? { requiresReplace: [["name"]] } : {};
  const configured: Value = config["settings"] ?? null;
  const asked = await ask(walk, name, "name", signal);
  if (asked.kind === "missing") return refuse(asked.problem);
  const isSame = before !== null && sameValues(before, proposed);
  if (asked.kind === "unknown") return { planned: isSame ? before : planUnknown(name, configured), ...more };
  if (asked.kind === "silent") return isSame ? { planned: before, ...more } : refuse(asked.problem);
  const { host } = asked.observation;
  const settings = plannedSettings(configured, host.settings);
  const planned = newValues(Object.entries({ name, settings, ...computedValues(host) }));
  // Without a refresh the state may be older than what the agent says: that alone is nothing to apply.
  if (before !== null && !hasUnknown(settings) && isSame && changesNothing(configured, host.settings)) return { planned: before };
  return { planned, ...more };
}

async function applyAgent(walk: Walk, { prior, planned, config }: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  if (planned === null) return { state: null };
  const fail = (problems: readonly GhostDiagnostic[]): ApplyAnswer => ({
    state: prior,
    diagnostics: problems.map((one) => toTerraform(one)),
  });
  const name: Value = planned["name"] ?? null;
  const asked = await ask(walk, name, "name");
  if (asked.kind !== "answer") return fail([problemOf(asked, name, "name")!]);
  const { agent, observation } = asked;
  const { host } = observation;
  // What is planned has the other settings too, as they were then; they are not ours to set back.
  const desired = toAgentSettings(config?.["settings"] ?? null);
  const step = settingsStep({ agent: agent.name, agentId: host.agentId, desired, live: host.settings });
  if (step !== undefined) {
    const run = await runSteps({ walk, agent, steps: [step], secretAt: () => "", context });
    if (run.begun) agent.forget();
    if (!run.ok) return fail(run.diagnostics);
  }
  const planning: Value = planned["settings"] ?? null;
  const settings = plannedSettings(planning === UNKNOWN ? null : withoutUnknown(planning), { ...host.settings, ...desired });
  return { state: fill({ ...planned, settings }, computedValues(host)) };
}

/** By its name in the provider's block. */
async function importAgent(walk: Walk, { id = "" }: ImportRequest, { signal }: Context): Promise<ImportAnswer> {
  const asked = await ask(walk, id, "name", signal);
  if (asked.kind !== "answer") return { diagnostics: [{ ...toTerraform(problemOf(asked, id, "name")!), path: [] }] };
  return { state: agentState(id, asked.observation.host) };
}

/** What was planned, with what is known now in place of what was not. */
function fill(planned: Values, known: Values): Values {
  return newValues(
    Object.entries(planned).map(([name, value]): [string, Value] => [name, value === UNKNOWN ? (known[name] ?? null) : value]),
  );
}

function planUnknown(name: Value, configured: Value): Values {
  return newValues(Object.entries({ name, settings: openSettings(configured), agent_id: UNKNOWN, version: UNKNOWN, hypervisor: UNKNOWN }));
}

function changesNothing(configured: Value, live: Parameters<typeof plannedSettings>[1]): boolean {
  return settingsStep({ agent: "", agentId: "", desired: toAgentSettings(configured), live }) === undefined;
}

function withoutUnknown(settings: Value): Value {
  if (settings === null) return null;
  return newValues(Object.entries(settings as Values).map(([name, value]) => [name, value === UNKNOWN ? null : value]));
}

function staysThere(prior: Values | null): Diagnostic {
  return {
    severity: "warning",
    summary: `The settings of agent "${textOf(prior?.["name"])}" stay as they are`,
    detail:
      "Destroying a ghost_agent only takes it out of Terraform's state: its settings are left on the agent, which goes on enforcing them.",
  };
}
