import { agent } from "@ghost/schemas";
import type { AgentSettings, ObservedHost } from "@ghost/schemas";
import { fromValue, newValues, toValues } from "../../faces/values.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";

const { settings } = agent.attributes;

/** What a configuration or a plan says of the settings; what is not known, and what is not written, is absent. */
export function toAgentSettings(value: Value): AgentSettings {
  if (value === UNKNOWN || value === null) return {};
  const known = Object.entries(value as Values).filter(([, each]) => each !== UNKNOWN);
  return (fromValue(settings, newValues(known)) ?? {}) as AgentSettings;
}

/** All settings of an agent as Terraform stores them. */
function settingsValue(live: AgentSettings): Values {
  return toValues(settings.attributes, live);
}

/** What only the agent can say. */
export function computedValues({ agentId, version, hypervisor }: ObservedHost): Values {
  return { agent_id: agentId, version, hypervisor };
}

/** The state of an agent as it answers. */
export function agentState(name: Value, host: ObservedHost): Values {
  return newValues(Object.entries({ name, settings: settingsValue(host.settings), ...computedValues(host) }));
}

/** What is written as it is written, and for the rest what the agent has. */
export function plannedSettings(configured: Value, live: AgentSettings): Value {
  if (configured === UNKNOWN) return UNKNOWN;
  const has = settingsValue(live);
  if (configured === null) return has;
  const written = configured as Values;
  return newValues(Object.entries(has).map(([name, value]) => [name, written[name] ?? value]));
}

/** The same where it is not known what the agent has. */
export function openSettings(configured: Value): Value {
  if (configured === UNKNOWN || configured === null) return UNKNOWN;
  const written = configured as Values;
  return newValues(Object.keys(settings.attributes).map((name) => [name, written[name] ?? UNKNOWN]));
}
