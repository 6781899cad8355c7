import type { DesiredAgent } from "@ghost/engine";
import { quote } from "@ghost/engine";
import type { Attributes, Diagnostic, PlanTls } from "@ghost/schemas";
import { agent, IMPACTS, isImpact, NAME_DOC, NAME_PATTERN, specAttributes } from "@ghost/schemas";
import { checkValues } from "../faces/check.ts";
import { textOf } from "../faces/text.ts";
import type { Value, Values } from "../protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../protocol6/value.ts";
import type { ProviderSettings } from "./fleet/session.ts";
import { AGENT_ATTRIBUTES } from "./provider-schema.ts";

const ATTRIBUTES: Attributes = {
  stack: specAttributes.stack,
  agents: {
    kind: "map",
    mode: "required",
    change: "none",
    keyPattern: NAME_PATTERN,
    keyDoc: NAME_DOC,
    doc: "The agents by name.",
    of: { kind: "object", mode: "required", change: "none", doc: "One agent.", attributes: AGENT_ATTRIBUTES },
  },
  max_impact: { kind: "string", mode: "optional", change: "none", oneOf: IMPACTS, doc: "The worst that a plan may do." },
};

/** Everything that is wrong with the provider's block, as far as it is known. */
export function checkProvider(config: Values): readonly Diagnostic[] {
  const problems = checkValues(ATTRIBUTES, config, "the provider's block");
  return problems.length > 0 ? problems : checkAgents((config["agents"] ?? UNKNOWN) as Values | typeof UNKNOWN);
}

function checkAgents(agents: Values | typeof UNKNOWN): readonly Diagnostic[] {
  if (agents === UNKNOWN) return [];
  const byAddress = new Map<string, string>();
  return Object.entries(agents).flatMap(([name, one]): readonly Diagnostic[] => {
    const at = one === UNKNOWN ? UNKNOWN : ((one as Values)["address"] ?? UNKNOWN);
    if (typeof at !== "string") return [];
    const path = ["agents", name, "address"];
    if (at.startsWith("embedded:")) {
      return [
        {
          code: "SPEC_BAD_VALUE",
          severity: "error",
          detail: `Agent ${quote(name)} has the address ${quote(at)}: an embedded agent is started by the CLI, not by Terraform.`,
          hint: "Start the agent with `ghost agent run` and give its socket: unix:PATH.",
          path,
        },
      ];
    }
    const twin = byAddress.get(at.toLowerCase());
    byAddress.set(at.toLowerCase(), twin ?? name);
    if (twin === undefined) return [];
    return [
      {
        code: "AGENT_DUPLICATE",
        severity: "error",
        detail: `Agents ${quote(twin)} and ${quote(name)} have one address, ${at}: its VMs would be counted twice.`,
        hint: "Remove one of the two, and let its VMs name the other.",
        path,
      },
    ];
  });
}

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
  const certificates = (values["tls"] ?? null) as Values | null;
  const set = Object.entries(certificates ?? {}).filter(([, value]) => value !== null);
  return {
    name,
    address: textOf(values["address"]),
    ...(certificates !== null && { tls: Object.fromEntries(set) as PlanTls }),
    timeoutMs: Number(values["timeout_s"] ?? agent.attributes.timeout_s.default) * 1000,
    settings: {},
    at: { file: "", line: 0, column: 0 },
  };
}
