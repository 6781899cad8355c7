import type { DesiredAgent } from "@ghost/engine";
import type { PlanTls } from "@ghost/schemas";
import { agent, isImpact } from "@ghost/schemas";
import type { Value, Values } from "../protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../protocol6/value.ts";
import type { ProviderSettings } from "./fleet/session.ts";

/** What a provider's block that was found valid says, as far as it is known. */
export function toSettings(config: Values): ProviderSettings {
  const { stack, agents, max_impact: maxImpact } = config as Values & Record<"stack" | "agents" | "max_impact", Value>;
  const known: DesiredAgent[] = [];
  const unknown = new Set<string>();
  if (agents !== UNKNOWN) {
    for (const [name, one] of Object.entries((agents ?? {}) as Values)) {
      if (hasUnknown(one)) unknown.add(name);
      else known.push(toAgent(name, one as Values));
    }
  }
  return {
    ...(typeof stack === "string" && { stack }),
    agents: known,
    unknownAgents: agents === UNKNOWN ? "all" : unknown,
    maxImpact: isImpact(maxImpact) ? maxImpact : "data-loss",
  };
}

function toAgent(name: string, values: Values): DesiredAgent {
  const tls = values["tls"] as Values | null;
  const set = Object.entries(tls ?? {}).filter(([, value]) => value !== null);
  return {
    name,
    address: String(values["address"]),
    ...(tls !== null && tls !== undefined && { tls: Object.fromEntries(set) as PlanTls }),
    timeoutMs: Number(values["timeout_s"] ?? agent.attributes.timeout_s.default) * 1000,
    settings: {},
    at: { file: "", line: 0, column: 0 },
  };
}
