import { projectTemplate } from "@ghost/engine";
import { AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate } from "@ghost/schemas";
import type { AgentTemplateConfig, Attribute, Attributes, Json, ObservedTemplate } from "@ghost/schemas";
import { fromValues, newValues, toNumber, toValues } from "../../faces/values.ts";
import type { Private } from "../../protocol6/provider.ts";
import type { Value, Values } from "../../protocol6/value.ts";

/** What an agent keeps of a template. */
const CONFIG_ATTRIBUTES: Attributes = Object.fromEntries(
  AGENT_TEMPLATE_CONFIG_ATTRIBUTES.map((name): [string, Attribute] => [name, agentTemplate.attributes[name]]),
);

/** What a state or a configuration of Terraform's says of the template itself. */
export function toTemplateConfig(values: Values): AgentTemplateConfig {
  return fromValues(CONFIG_ATTRIBUTES, values) as AgentTemplateConfig;
}

/** What only the agent can say of a template. */
export function computedValues({ uid, digest, sizeBytes, owner }: ObservedTemplate): Values {
  return { uid, digest, size_bytes: toNumber(sizeBytes), owner };
}

/** The state of a template as its agent has it. */
export function templateState(template: ObservedTemplate, { agent, adopt }: { readonly agent: Value; readonly adopt: Value }): Values {
  return newValues(Object.entries({ ...toValues(CONFIG_ATTRIBUTES, template.config), ...computedValues(template), agent, adopt }));
}

/** What a template was when it was read; Terraform gives it back when it plans and applies, so it is what binds them. */
export interface Seen {
  readonly agent_id: string;
  readonly uid: string;
  readonly revision: string;
  /** Behind the revision, so that a refusal can say what moved. */
  readonly projection: Json;
}

/** What is kept beside the state of a template. */
export interface TemplatePrivate {
  readonly seen?: Seen;
}

export function toSeen(agentId: string, template: ObservedTemplate): Seen {
  return { agent_id: agentId, uid: template.uid, revision: template.revision, projection: projectTemplate(template) };
}

/** Nothing for a state that was just imported. */
export function toTemplatePrivate(value: Private): TemplatePrivate {
  return typeof value === "object" && value !== null ? (value as TemplatePrivate) : {};
}
