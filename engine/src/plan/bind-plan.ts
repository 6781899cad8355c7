import type { PlanDocument, PlanHeader, PlanStep, StepProof } from "@ghost/schemas";
import { buildTree, documentHash, planHash, stepHash } from "./bind.ts";
import { hashOf } from "./canonical.ts";

/** Version of the binding rules in bind.ts. */
const HEADER_FORMAT = 1;

/** What a header says that does not follow from the rest of the plan. */
export type PlanFacts = Pick<PlanHeader, "owner" | "spec_hash" | "max_impact" | "expires_at" | "git_commit">;

/** Steps with the hashes of their bodies. */
export function bindSteps(drafts: readonly Omit<PlanStep, "hash">[]): PlanStep[] {
  return drafts.map((step): PlanStep => ({ ...step, hash: stepHash(step.body) }));
}

/**
 * A plan with its header: the root over its steps, the hash of the document, and the hash of the whole. A plan of which
 * something was changed is bound again by the facts of its own header.
 */
export function bindPlan(
  { owner, spec_hash, max_impact, expires_at, git_commit }: PlanFacts,
  document: Omit<PlanDocument, "header" | "plan_hash">,
): PlanDocument {
  const header: PlanHeader = {
    format: HEADER_FORMAT,
    owner,
    spec_hash,
    max_impact,
    expires_at,
    git_commit,
    steps_root: buildTree(document.steps.map(({ hash }) => hash)).root,
    step_count: document.steps.length,
    document_hash: documentHash(document),
  };
  const { type, format_version, ghost_version, created_at, stack, summary, agents, steps, unknown, diagnostics, set } = document;
  return {
    type,
    format_version,
    ghost_version,
    created_at,
    stack,
    plan_hash: planHash(header),
    header,
    summary,
    agents,
    steps,
    unknown,
    diagnostics,
    set,
  };
}

/** A plan of one step, for whoever keeps its record elsewhere: the header and the proof that an agent asks for. */
export function bindStep(
  facts: Omit<PlanFacts, "spec_hash">,
  step: Omit<PlanStep, "hash">,
): { readonly header: PlanHeader; readonly proof: StepProof } {
  const tree = buildTree([stepHash(step.body)]);
  const header: PlanHeader = {
    format: HEADER_FORMAT,
    ...facts,
    spec_hash: hashOf(step.body.vm ?? step.body.template ?? step.body.settings ?? {}),
    steps_root: tree.root,
    step_count: 1,
    document_hash: hashOf({ ...step, body: undefined }),
  };
  return { header, proof: tree.proof(0) };
}
