import type { Diagnostic as GhostDiagnostic, Observation } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { Context, ImportAnswer, ImportRequest, ReadAnswer, ReadRequest, Resource } from "../../protocol6/provider.ts";
import type { Value } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { notRead, toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { applyTemplateResource } from "./apply-template.ts";
import { planTemplateResource } from "./plan-template.ts";
import { TEMPLATE_SCHEMA } from "./template-schema.ts";
import type { TemplatePrivate } from "./template-values.ts";
import { templateState, toSeen, toTemplatePrivate } from "./template-values.ts";
import { validateTemplateConfig } from "./validate-template.ts";

/** The resource `ghost_template`. */
export function templateResource(session: Session): Resource {
  return {
    schema: TEMPLATE_SCHEMA,
    validate: async (config) => validateTemplateConfig(config),
    read: (request, context) => readTemplate(session.walk, request, context),
    plan: (request, context) => planTemplateResource(session.walk, request, context),
    apply: (request, context) => applyTemplateResource(session.walk, request, context),
    import: (request, context) => importTemplate(session.walk, request, context),
  };
}

async function readTemplate(walk: Walk, { state, private: before }: ReadRequest, { signal }: Context): Promise<ReadAnswer> {
  const [name, uid] = [textOf(state["name"]), textOf(state["uid"])];
  const agent: Value = state["agent"] ?? null;
  const stays = (why: string): ReadAnswer => ({ diagnostics: [notRead(textOf(state["agent"]), `Template "${name}"`, why)] });
  walk.known.add(uid);
  const asked = await ask(walk, agent, "agent", signal);
  if (asked.kind !== "answer") {
    const { detail, hint } = problemOf(asked, agent, "agent")!;
    return stays(hint === undefined ? detail : `${detail} ${hint}`);
  }
  const { host, templates } = asked.observation;
  const template = templates.find((one) => one.uid === uid);
  const { seen } = toTemplatePrivate(before);
  if (template === undefined) {
    if (seen === undefined || seen.agent_id === host.agentId) return { state: null };
    return stays(`A different agent answers at ${asked.agent.entry.address} than the one that has this template.`);
  }
  return {
    state: templateState(template, { agent, adopt: state["adopt"] ?? false }),
    private: { seen: toSeen(host.agentId, template) } satisfies TemplatePrivate,
  };
}

/** By `agent/name`. The template keeps its owner: to change it, it must be taken over with `adopt = true`. */
async function importTemplate(walk: Walk, { id = "" }: ImportRequest, { signal }: Context): Promise<ImportAnswer> {
  const refuse = (problem: GhostDiagnostic): ImportAnswer => ({ diagnostics: [{ ...toTerraform(problem), path: [] }] });
  const [, agent, name] = /^([^/]+)\/([^/]+)$/.exec(id) ?? [];
  if (agent === undefined || name === undefined) {
    const detail = `${JSON.stringify(id)} does not name a template; the id of a template is agent/name.`;
    return refuse({ code: "SPEC_BAD_VALUE", severity: "error", detail, hint: 'For example id = "desk/debian".' });
  }
  const asked = await ask(walk, agent, "agent", signal);
  if (asked.kind !== "answer") return refuse(problemOf(asked, agent, "agent")!);
  const { observation } = asked;
  const template = observation.templates.find((one) => one.name === name);
  if (template === undefined) return refuse(notThere(agent, name, observation));
  walk.known.add(template.uid);
  return {
    state: templateState(template, { agent, adopt: false }),
    private: { seen: toSeen(observation.host.agentId, template) } satisfies TemplatePrivate,
  };
}

function notThere(agent: string, name: string, { templates }: Observation): GhostDiagnostic {
  const names = templates.map((one) => one.name).join(", ");
  return {
    code: "TEMPLATE_NOT_FOUND",
    severity: "error",
    detail: `Agent "${agent}" has no template "${name}".`,
    hint: names === "" ? "It has none." : `It has ${names}.`,
    agent,
  };
}
