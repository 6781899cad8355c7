/*
 * ApplyResourceChange of a template: a step that follows from what was planned, bound to the template as it was read.
 *
 * (1) The impact of every step on a template is none. What a plan promises beside that is which template it is, by uid
 *     and revision; anything else is refused.
 * (2) What exists after a failure is given back as it is. When nobody can tell whether it exists, it counts as there;
 *     the next look at the agent will say.
 */
import { randomUUID } from "node:crypto";
import { planTemplate } from "@ghost/engine";
import type { Diagnostic as GhostDiagnostic, Observation, ObservedTemplate, PlanStep } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import { newValues } from "../../faces/values.ts";
import type { ApplyAnswer, ApplyRequest, Context } from "../../protocol6/provider.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { notTold, toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import { runSteps } from "../fleet/run-steps.ts";
import type { RunResult } from "../fleet/run-steps.ts";
import type { Walk } from "../fleet/session.ts";
import { computedValues, templateState, toSeen, toTemplateConfig, toTemplatePrivate } from "./template-values.ts";
import type { Seen, TemplatePrivate } from "./template-values.ts";

export async function applyTemplateResource(walk: Walk, request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned } = request;
  const kept = toTemplatePrivate(request.plannedPrivate);
  const fail = (problems: readonly GhostDiagnostic[]): ApplyAnswer => ({
    state: prior,
    private: kept,
    diagnostics: problems.map((one) => toTerraform(one)),
  });
  const agentName: Value = (planned ?? prior)?.["agent"] ?? null;
  const asked = await ask(walk, agentName, "agent");
  if (asked.kind !== "answer") return fail([problemOf(asked, agentName, "agent")!]);
  const { agent, observation } = asked;
  if (planned !== null && prior !== null && prior["agent"] !== planned["agent"]) return fail([agentChanged(prior, agent.name)]);

  const uid = prior?.["uid"] ?? (planned?.["uid"] === UNKNOWN ? undefined : planned?.["uid"]);
  const existing = observation.templates.find((one) => one.uid === uid);
  if (planned !== null && uid !== undefined && existing === undefined) return fail([vanished(planned, agent.name)]);
  const { step, diagnostics } = planTemplate({
    agent: agent.name,
    agentId: observation.host.agentId,
    owner: walk.owner ?? "",
    ...(planned !== null && { desired: toTemplateConfig(planned) }),
    ...(existing && { existing }),
    adopt: planned?.["adopt"] === true,
    newUid: randomUUID,
  });
  if (diagnostics.length > 0) return fail(diagnostics);
  if (step === undefined) {
    if (planned === null) return { state: null };
    return existing === undefined ? fail([notTold(agent.name, "template")]) : done(planned, observation.host.agentId, existing);
  }
  const bound = bind(step, kept.seen);
  const run = await runSteps({ walk, agent, steps: [bound], secretAt: () => "", context });
  if (run.begun) agent.forget();
  if (!run.ok) return await afterFailure(run, { prior, planned, kept, agent, uid: bound.body.uid });
  if (planned === null) return { state: null };
  const { template } = run.operation ?? {};
  return template === undefined ? fail([notTold(agent.name, "template")]) : done(planned, observation.host.agentId, template);
}

/** The template as it was read is the one that may be changed. */
function bind(step: Omit<PlanStep, "hash">, seen: Seen | undefined): Omit<PlanStep, "hash"> {
  if (seen === undefined || step.body.revision === "" || seen.uid !== step.body.uid) return step;
  return { ...step, body: { ...step.body, revision: seen.revision }, projection: seen.projection };
}

function done(planned: Values, agentId: string, template: ObservedTemplate): ApplyAnswer {
  return { state: fill(planned, computedValues(template)), private: { seen: toSeen(agentId, template) } satisfies TemplatePrivate };
}

interface Left {
  readonly prior: Values | null;
  readonly planned: Values | null;
  readonly kept: TemplatePrivate;
  readonly agent: FleetAgent;
  readonly uid: string;
}

async function afterFailure({ begun, diagnostics: problems }: RunResult, { prior, planned, kept, agent, uid }: Left): Promise<ApplyAnswer> {
  const diagnostics = problems.map((one) => toTerraform(one));
  if (!begun) return { state: prior, private: kept, diagnostics };
  const { observation } = await agent.observe();
  const template = findReady(observation, uid);
  if (observation !== undefined && template === undefined) return { state: null, diagnostics };
  // Silent: what was to be made may be there.
  if (template === undefined) return { state: prior ?? fill(planned!, { uid }), private: kept, diagnostics };
  const seen = toSeen(observation!.host.agentId, template);
  const state =
    prior === null
      ? fill(planned!, computedValues(template))
      : templateState(template, { agent: prior["agent"]!, adopt: prior["adopt"] ?? false });
  return { state, private: { seen } satisfies TemplatePrivate, diagnostics };
}

function findReady(observation: Observation | undefined, uid: string): ObservedTemplate | undefined {
  return observation?.templates.find((one) => one.uid === uid);
}

/** What was planned, with what is known now in place of what was not. */
function fill(planned: Values, known: Values): Values {
  return newValues(Object.entries(planned).map(([name, value]) => [name, value === UNKNOWN ? (known[name] ?? null) : value]));
}

function agentChanged(prior: Values, agent: string): GhostDiagnostic {
  return {
    code: "AGENT_CHANGED",
    severity: "error",
    detail: `Template "${textOf(prior["name"])}" is on agent "${textOf(prior["agent"])}", and where it is wanted was not known when it was planned: on "${agent}".`,
    hint: "Plan again: the new plan deletes it there and makes it here.",
    path: ["agent"],
  };
}

function vanished(planned: Values, agent: string): GhostDiagnostic {
  return {
    code: "TEMPLATE_NOT_FOUND",
    severity: "error",
    detail: `Template "${textOf(planned["name"])}" is not on agent "${agent}" any more.`,
    hint: "Plan again; the new plan makes it anew.",
    agent,
  };
}
