import { planHash, stepHash, verifyProof } from "@ghost/engine";
import type { ExecuteInput } from "@ghost/proto";
import { exceedsImpact, problem } from "@ghost/schemas";

export interface Binding {
  readonly planHash: string;
  readonly stepHash: string;
}

/** Version of the binding rules that this agent knows. */
const FORMAT = 1;
const OWNER_PATTERN = /^(spec|terraform):[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Checks that a step is part of the plan it comes with, that the plan holds still, and that both are meant for this
 * agent. Throws PLAN_MISMATCH, PLAN_EXPIRED or IMPACT_EXCEEDED; gives the hashes that name plan and step.
 */
export function checkBinding(
  { header, proof, body }: Pick<ExecuteInput, "header" | "proof" | "body">,
  agentId: string,
  now: Date,
): Binding {
  if (header.format !== FORMAT)
    throw problem("PLAN_MISMATCH", `The plan is bound by rules of version ${header.format}; this agent knows version ${FORMAT}.`, {
      hint: "Use the same version of Ghost on both sides, and plan again.",
    });
  if (!OWNER_PATTERN.test(header.owner))
    throw problem("PLAN_MISMATCH", `The plan's owner is ${JSON.stringify(header.owner)}; it must be spec:<stack> or terraform:<stack>.`);
  if (body.agent_id !== agentId)
    throw problem("PLAN_MISMATCH", `The step ${body.id} is for the agent with the id ${body.agent_id}, and this one is ${agentId}.`, {
      hint: "Plan again: another agent answers at that address now.",
    });
  const hash = stepHash(body);
  if (!verifyProof(hash, proof, header.steps_root, header.step_count))
    throw problem(
      "PLAN_MISMATCH",
      `The step ${body.id} is not part of the plan that it came with: it was changed after the plan was made.`,
      { hint: "Plan again and apply the new plan." },
    );
  const expiresAt = new Date(header.expires_at);
  if (!(now < expiresAt))
    throw problem("PLAN_EXPIRED", `The plan expired at ${header.expires_at}; it is ${now.toISOString()} on the agent.`, {
      hint: "Plan again; if the plan is new, compare the clocks of the two machines.",
    });
  if (exceedsImpact(body.impact, header.max_impact))
    throw problem("IMPACT_EXCEEDED", `The step ${body.id} has impact ${body.impact}; its plan allows at most ${header.max_impact}.`, {
      hint: `Apply with --max-impact ${body.impact} if that is what you want.`,
    });
  return { planHash: planHash(header), stepHash: hash };
}
