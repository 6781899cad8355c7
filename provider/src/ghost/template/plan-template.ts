/*
 * PlanResourceChange of a template.
 *
 * (1) A template is what its uid says. On another agent it is another template: this one goes, that one is made, and no
 *     VM notices.
 * (2) What it is pinned to is known before only where the configuration says it, or where the image stays the same.
 * (3) What cannot be decided yet, because something is unknown, is unknown and no error.
 */
import { randomUUID } from "node:crypto";
import { describeDifference, planTemplate, projectTemplate } from "@ghost/engine";
import type { TemplatePlan } from "@ghost/engine";
import type { AgentTemplateConfig, Diagnostic as GhostDiagnostic, Observation, ObservedTemplate } from "@ghost/schemas";
import { textOf, upperFirst } from "../../faces/text.ts";
import { newValues, sameValues } from "../../faces/values.ts";
import type { Context, Diagnostic, PlanAnswer, PlanRequest } from "../../protocol6/provider.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { hasError, toTerraform } from "../fleet/diagnostics.ts";
import type { Walk } from "../fleet/session.ts";
import { templateExists } from "./template-exists.ts";
import type { Seen, TemplatePrivate } from "./template-values.ts";
import { computedValues, toSeen, toTemplateConfig, toTemplatePrivate } from "./template-values.ts";

const COMPUTED = ["uid", "digest", "size_bytes", "owner"] as const;
const SHA256 = "sha256:";

export async function planTemplateResource(walk: Walk, request: PlanRequest, context: Context): Promise<PlanAnswer> {
  const { prior, proposed, config } = request;
  const kept = toTemplatePrivate(request.priorPrivate);
  if (proposed === null || config === null) return await planDelete(walk, prior, kept, context);
  const refuse = (...problems: readonly GhostDiagnostic[]): PlanAnswer => ({
    planned: proposed,
    diagnostics: problems.map((one) => toTerraform(one)),
  });

  if (prior !== null) walk.known.add(textOf(prior["uid"]));
  const agentName: Value = config["agent"] ?? null;
  const goesElsewhere = prior !== null && agentName !== UNKNOWN && agentName !== prior["agent"];
  const before = goesElsewhere ? null : prior;
  const more = { private: kept, ...(goesElsewhere && { requiresReplace: [["agent"]] }) };
  const { owner } = walk;
  const asked = await ask(walk, agentName, "agent", context.signal);
  if (asked.kind === "missing") return refuse(asked.problem);
  const isSame = before !== null && sameValues(before, proposed);
  const desired = toTemplateConfig(config);
  // What a VM is made from: also what is not known of it yet.
  if (asked.kind === "answer" && typeof config["name"] === "string")
    walk.plannedTemplates.set(`${asked.agent.name}/${config["name"]}`, desired);
  if (asked.kind === "unknown" || owner === undefined || hasUnknown(config)) {
    return { planned: isSame ? before : planUnknown(config, before), ...more };
  }
  if (asked.kind === "silent") return isSame ? { planned: before, ...more } : refuse(asked.problem);

  const { agent, observation } = asked;
  const { existing, refusal } = findExisting(walk, { before, config, kept, agent: agent.name }, observation);
  if (refusal !== undefined) return refuse(refusal);
  const plan = planTemplate({
    agent: agent.name,
    agentId: observation.host.agentId,
    owner,
    desired,
    ...(existing && { existing }),
    adopt: config["adopt"] === true,
    newUid: randomUUID,
  });
  const diagnostics = plan.diagnostics.map((one) => toTerraform(one));
  if (hasError(diagnostics)) return { planned: proposed, diagnostics };
  const stale = plan.step === undefined ? undefined : findStale(kept.seen, existing);
  if (stale !== undefined) return refuse(stale);
  return {
    planned: toPlanned(config, before, existing, desired, plan, owner),
    ...more,
    ...(before === null &&
      existing !== undefined && { private: { seen: toSeen(observation.host.agentId, existing) } satisfies TemplatePrivate }),
    diagnostics: [...diagnostics, ...takenOver(plan)],
  };
}

async function planDelete(walk: Walk, prior: Values | null, kept: TemplatePrivate, context: Context): Promise<PlanAnswer> {
  const refuse = (problem: GhostDiagnostic): PlanAnswer => ({ planned: null, diagnostics: [toTerraform(problem)] });
  const { owner } = walk;
  const agentName: Value = prior?.["agent"] ?? null;
  const asked = await ask(walk, agentName, "agent", context.signal);
  if (asked.kind !== "answer" || owner === undefined)
    return refuse(problemOf(asked.kind === "answer" ? { kind: "unknown" } : asked, agentName, "agent")!);
  const { agent, observation } = asked;
  const uid = textOf(prior?.["uid"]);
  walk.known.add(uid);
  walk.deleted.add(uid);
  const existing = observation.templates.find((one) => one.uid === uid);
  const plan = planTemplate({
    agent: agent.name,
    agentId: observation.host.agentId,
    owner,
    ...(existing && { existing }),
    adopt: false,
    newUid: randomUUID,
  });
  const [problem] = plan.diagnostics;
  const refusal = problem ?? (plan.step === undefined ? undefined : findStale(kept.seen, existing));
  return refusal === undefined ? { planned: null, private: kept } : refuse(refusal);
}

interface Sought {
  /** The state, when it is of this agent. */
  readonly before: Values | null;
  readonly config: Values;
  readonly kept: TemplatePrivate;
  readonly agent: string;
}

/** The template that this resource is by now: by its uid, or by its name where it is to be taken over. */
function findExisting(
  walk: Walk,
  { before, config, kept, agent }: Sought,
  { templates }: Observation,
): { readonly existing?: ObservedTemplate; readonly refusal?: GhostDiagnostic } {
  if (before !== null) {
    const existing = templates.find(({ uid }) => uid === before["uid"]);
    return existing === undefined ? { refusal: vanished(before, agent) } : { existing };
  }
  const same = templates.find(({ name }) => name === config["name"]);
  // What another resource has goes first, or gets another name; so does the old one of a replacement. Its agent looks again.
  if (same === undefined) return {};
  if (walk.known.has(same.uid) || same.uid === kept.seen?.uid) {
    walk.replaced.add(same.uid);
    return {};
  }
  if (same.phase === "creating" && same.owner === walk.owner) return {};
  return config["adopt"] === true ? { existing: same } : { refusal: templateExists(agent, same, walk.owner ?? "") };
}

function toPlanned(
  config: Values,
  before: Values | null,
  existing: ObservedTemplate | undefined,
  desired: AgentTemplateConfig,
  { step }: TemplatePlan,
  owner: string,
): Values {
  const computed: Record<string, Value> = Object.fromEntries(COMPUTED.map((name) => [name, UNKNOWN]));
  if (existing !== undefined) Object.assign(computed, computedValues(existing));
  if (step === undefined && before !== null) for (const name of COMPUTED) computed[name] = before[name] ?? null;
  if (step !== undefined) {
    computed["owner"] = owner;
    const isFetched = existing?.phase !== "ready" || step.changes.some(({ path }) => path[0] !== "name");
    if (isFetched) {
      computed["digest"] = desired.image_sha256 === undefined ? UNKNOWN : SHA256 + desired.image_sha256;
      computed["size_bytes"] = UNKNOWN;
    }
  }
  return newValues(Object.entries({ ...config, adopt: config["adopt"] ?? false, ...computed }));
}

/** Nothing can be decided: what is configured is planned, what the agent says is not known. */
function planUnknown(config: Values, before: Values | null): Values {
  const computed = Object.fromEntries(COMPUTED.map((name) => [name, UNKNOWN] as const));
  return newValues(Object.entries({ ...config, adopt: config["adopt"] ?? false, ...computed, uid: before?.["uid"] ?? UNKNOWN }));
}

function takenOver({ step }: TemplatePlan): readonly Diagnostic[] {
  if (step?.body.action !== "adopt") return [];
  const summary = `Template "${step.body.previous_name ?? step.body.name}" is taken over`;
  return [{ severity: "warning", summary, detail: `${upperFirst(step.reason)}.`, path: ["adopt"] }];
}

function findStale(seen: Seen | undefined, existing: ObservedTemplate | undefined): GhostDiagnostic | undefined {
  if (seen === undefined || existing === undefined || seen.uid !== existing.uid || seen.revision === existing.revision) return undefined;
  const moved = describeDifference(seen.projection, projectTemplate(existing));
  return {
    code: "PLAN_STALE",
    severity: "error",
    detail: `Template "${existing.name}" is not as it was when Terraform last read it${moved.length === 0 ? "" : `: ${moved.join("; ")}`}. Nothing is done.`,
    hint: "Plan again and look at what the new plan says.",
    path: ["templates", existing.name],
  };
}

function vanished(prior: Values, agent: string): GhostDiagnostic {
  return {
    code: "PLAN_STALE",
    severity: "error",
    detail: `Template "${textOf(prior["name"])}" is not on agent "${agent}" any more: it was deleted since Terraform last read it.`,
    hint: "Plan again with a refresh; the new plan makes it anew.",
    agent,
  };
}
