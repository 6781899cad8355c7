import type { Diagnostic, Observation } from "@ghost/schemas";
import type { Value } from "../../protocol6/value.ts";
import type { FleetAgent } from "./fleet-agent.ts";
import type { Walk } from "./session.ts";

/** What an agent says, or why it says nothing. */
export type Asked =
  | { readonly kind: "answer"; readonly agent: FleetAgent; readonly observation: Observation }
  /** Its name, or how it is reached, is not known yet. */
  | { readonly kind: "unknown" }
  /** The provider's block does not have it. */
  | { readonly kind: "missing"; readonly problem: Diagnostic }
  /** It does not answer. */
  | { readonly kind: "silent"; readonly problem: Diagnostic };

/** Asks the agent that an attribute names; problems are at that attribute. Rejects only with the signal's reason. */
export async function ask(walk: Walk, name: Value, attribute: string, signal?: AbortSignal): Promise<Asked> {
  const found = walk.find(name);
  if (found.kind === "unknown") return found;
  if (found.kind === "missing") return { kind: "missing", problem: { ...found.diagnostic, path: [attribute] } };
  const { agent } = found;
  const { observation, problem } = await agent.observe(signal);
  if (problem !== undefined) return { kind: "silent", problem: { ...problem, severity: "error", path: [attribute] } };
  return { kind: "answer", agent, observation };
}

/** Why an agent is not asked, where only one that answers will do; undefined when it answered. */
export function problemOf(asked: Asked, name: Value, attribute: string): Diagnostic | undefined {
  switch (asked.kind) {
    case "answer":
      return undefined;
    case "missing":
    case "silent":
      return asked.problem;
    case "unknown":
      return {
        code: "AGENT_MISSING",
        severity: "error",
        detail: `How agent ${typeof name === "string" ? `"${name}"` : "of this name"} is reached is not known yet.`,
        hint: "Give the provider's block values that are known while planning, or apply what they come from first with -target.",
        path: [attribute],
      };
  }
}
