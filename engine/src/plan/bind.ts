/*
 * How a step is bound to its plan.
 *
 * (1) A step's hash covers its body, which is all that the agent acts on.
 * (2) The step hashes are the leaves of a binary hash tree (RFC 9162 §2.1: leaves and nodes are hashed with a
 *     different first byte, an odd node moves up unhashed). Its root is in the header.
 * (3) The header has the hash of everything else that the plan says: where agents are and secrets come from, the order,
 *     the stack's record, what was shown. Only who applies has all that, and checks it.
 * (4) The plan hash covers the header. An agent needs the header, one body and log2(steps) hashes to know that the
 *     step belongs to the plan: a plan of 10,000 steps sends 14 hashes with each, not 10,000.
 */
import { createHash } from "node:crypto";
import type { PlanDocument, PlanHeader, StepBody, StepProof } from "@ghost/schemas";
import { canonicalJson, hashOf } from "./canonical.ts";

const PREFIX = "sha256:";
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** The hash tree over a plan's steps. */
export interface StepTree {
  readonly root: string;
  /** Proof for the step at `index`. Throws RangeError when there is no such step. */
  proof(index: number): StepProof;
}

/** Hash of what one step does. An empty `previous_name` is the same as none. */
export function stepHash(body: StepBody): string {
  return hashOf(body.previous_name === "" ? { ...body, previous_name: undefined } : body);
}

/** Hash of what a plan says outside its header; the bodies of its steps by their hashes. */
export function documentHash(plan: Omit<PlanDocument, "header" | "plan_hash">): string {
  return hashOf({
    ...plan,
    header: undefined,
    plan_hash: undefined,
    steps: plan.steps.map((step) => ({ ...step, body: undefined })),
    // In the order of the spec's text, which means nothing.
    diagnostics: plan.diagnostics.map((one) => canonicalJson(one)).sort(),
  });
}

/** The hash that names a plan. */
export function planHash(header: PlanHeader): string {
  return hashOf(header);
}

/** Builds the tree over step hashes, in the order of the steps. */
export function buildTree(hashes: readonly string[]): StepTree {
  const levels: Buffer[][] = [hashes.map((hash) => leafOf(hash))];
  for (let level = levels[0]!; level.length > 1; levels.push(level)) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at]!;
      const right = level[at + 1];
      above.push(right === undefined ? left : nodeOf(left, right));
    }
    level = above;
  }
  const top = levels.at(-1)![0] ?? createHash("sha256").digest();
  return {
    root: toText(top),
    proof(index) {
      if (!Number.isInteger(index) || index < 0 || index >= hashes.length) throw new RangeError(`no step ${index} among ${hashes.length}`);
      const siblings: string[] = [];
      let at = index;
      for (const level of levels) {
        const sibling = level[at ^ 1];
        if (sibling !== undefined) siblings.push(toText(sibling));
        at >>= 1;
      }
      return { index, siblings };
    },
  };
}

/** True when `hash` is the step at `proof.index` of the plan of `count` steps with this root. Never throws. */
export function verifyProof(hash: string, proof: StepProof, root: string, count: number): boolean {
  if (!Number.isInteger(proof.index) || proof.index < 0 || proof.index >= count) return false;
  if (!isHash(hash)) return false;
  let node = leafOf(hash);
  let used = 0;
  for (let at = proof.index, last = count - 1; last > 0; at >>= 1, last >>= 1) {
    if (at === last && at % 2 === 0) continue;
    const sibling = proof.siblings[used++];
    if (sibling === undefined || !isHash(sibling)) return false;
    node = at % 2 === 1 ? nodeOf(toBytes(sibling), node) : nodeOf(node, toBytes(sibling));
  }
  return used === proof.siblings.length && toText(node) === root;
}

/** The ids of a plan's operations, by step id: applying the same plan again gives the same ones, and so resumes. */
export function operationIds({ plan_hash, created_at }: Pick<PlanDocument, "plan_hash" | "created_at">): (stepId: string) => string {
  // Two plans of one second can be the same to the letter and have the same hash, while the first was applied and undone in between.
  const made = `${plan_hash}\n${created_at}`;
  return (stepId) => operationId(made, stepId);
}

/** A UUID made of both, always the same one. */
export function operationId(hash: string, stepId: string): string {
  const hex = createHash("sha256").update(`${hash}\n${stepId}`).digest("hex");
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function leafOf(hash: string): Buffer {
  return createHash("sha256").update(LEAF).update(toBytes(hash)).digest();
}

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(NODE).update(left).update(right).digest();
}

function isHash(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

function toBytes(hash: string): Buffer {
  return Buffer.from(hash.slice(PREFIX.length), "hex");
}

function toText(bytes: Buffer): string {
  return PREFIX + bytes.toString("hex");
}
