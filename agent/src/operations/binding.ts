import { planHash, stepHash, verifyProof } from "@ghost/engine";
import type { ExecuteInput } from "@ghost/proto";
import { exceedsImpact, problem } from "@ghost/schemas";
import type { PlanHeader } from "@ghost/schemas";
import type { Store } from "../store/store.ts";
import type { Intent } from "./intent.ts";

export interface Binding {
  readonly planHash: string;
  readonly stepHash: string;
}

/** Version of the binding rules that this agent knows. */
const FORMAT = 1;
/** A uid becomes a part of names and paths on the host. */
const UID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
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
  if (body.kind !== "agent" && !UID_PATTERN.test(body.uid))
    throw problem("PLAN_MISMATCH", `The uid of the step ${body.id} is ${JSON.stringify(body.uid)}; it must be a UUID in lower case.`, {
      hint: "Plan again with the same version of Ghost as the agent's.",
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
  return { planHash: nameOf(header), stepHash: hash };
}

/** Hashes of headers by identity: one that came for many steps is hashed once. */
const planHashes = new WeakMap<PlanHeader, string>();

function nameOf(header: PlanHeader): string {
  let hash = planHashes.get(header);
  if (hash === undefined) planHashes.set(header, (hash = planHash(header)));
  return hash;
}

/** PLAN_MISMATCH when a step is about an object by its uid and calls it by a name that it does not have. */
export function refuseOtherName(
  { promise, kind, action, stepId, uid, name, previousName }: Intent,
  { vms, templates }: Pick<Store, "vms" | "templates">,
): void {
  const known = (kind === "template" ? templates : vms).get(uid)?.name;
  // What is made anew or taken over gets the step's name, whatever name it had.
  if (action === "create" || action === "adopt") return;
  // A rename that was carried out in part has the new name already.
  if (promise === undefined || known === undefined || known === name || known === previousName) return;
  throw problem(
    "PLAN_MISMATCH",
    `The step ${stepId} is about ${kind === "template" ? "template" : "VM"} "${previousName ?? name}", and the one with the uid ${uid} is "${known}".`,
    {
      hint: "Plan again and look at what the new plan says.",
    },
  );
}
