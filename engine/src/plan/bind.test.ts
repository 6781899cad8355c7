import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { PlanHeader, StepBody } from "@ghost/schemas";
import fc from "fast-check";
import { buildTree, operationId, operationIds, planHash, stepHash, verifyProof } from "./bind.ts";
import { hashOf } from "./canonical.ts";

const hashes = (count: number) => Array.from({ length: count }, (_, index) => hashOf(index));

suite("the tree of steps", () => {
  test("every step proves itself and nothing else does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (count, one, other) => {
        const all = hashes(count);
        const tree = buildTree(all);
        const [index, wrong] = [one % count, other % count];
        const proof = tree.proof(index);
        assert.ok(verifyProof(all[index]!, proof, tree.root, count));
        assert.ok(!verifyProof(hashOf("foreign"), proof, tree.root, count));
        if (wrong !== index) assert.ok(!verifyProof(all[wrong]!, proof, tree.root, count));
        if (wrong !== index) assert.ok(!verifyProof(all[index]!, { ...proof, index: wrong }, tree.root, count));
        assert.ok(!verifyProof(all[index]!, { ...proof, siblings: [...proof.siblings, hashOf(0)] }, tree.root, count));
        assert.ok(!verifyProof(all[index]!, proof, hashOf("another root"), count));
      }),
    );
  });

  test("a node is not accepted as a step", () => {
    const tree = buildTree(hashes(4));
    const { siblings } = tree.proof(0);
    assert.ok(!verifyProof(siblings[1]!, { index: 1, siblings: [siblings[1]!] }, tree.root, 2));
  });

  test("what is no hash is refused, not thrown", () => {
    const tree = buildTree(hashes(2));
    for (const sibling of ["", "sha256:zz", "md5:00"]) assert.ok(!verifyProof(hashOf(0), { index: 0, siblings: [sibling] }, tree.root, 2));
    for (const index of [-1, 2, 0.5, NaN]) assert.ok(!verifyProof(hashOf(0), { ...tree.proof(0), index }, tree.root, 2));
  });

  test("a plan of 10,000 steps sends 14 hashes with each", () => {
    const tree = buildTree(hashes(10_000));
    assert.equal(Math.max(...[0, 5_000, 9_999].map((index) => tree.proof(index).siblings.length)), 14);
  });

  test("a plan without steps has a root", () => assert.match(buildTree([]).root, /^sha256:[0-9a-f]{64}$/));
});

suite("hashes", () => {
  const body: StepBody = {
    id: "desk/vm/web",
    agent_id: "a",
    kind: "vm",
    action: "create",
    name: "web",
    uid: "u",
    revision: "",
    impact: "none",
  };
  const header: PlanHeader = {
    format: 1,
    owner: "spec:shop",
    spec_hash: "sha256:0",
    steps_root: "sha256:1",
    document_hash: "sha256:2",
    step_count: 1,
    max_impact: "live",
    expires_at: "2026-01-01T00:00:00Z",
    git_commit: "",
  };

  test("no previous name and an empty one are the same step", () => assert.equal(stepHash(body), stepHash({ ...body, previous_name: "" })));
  test("whatever a step says is in its hash", () => {
    const changed: StepBody[] = [
      { ...body, uid: "v" },
      { ...body, impact: "live" },
      { ...body, previous_name: "old" },
      { ...body, vm: { vcpu: 2 } },
    ];
    assert.equal(new Set([body, ...changed].map(stepHash)).size, 5);
  });
  test("whatever a header says is in the plan hash", () => {
    const changed = Object.keys(header).map(
      (key) => ({ ...header, [key]: typeof header[key as keyof PlanHeader] === "number" ? 7 : "other" }) as PlanHeader,
    );
    assert.equal(new Set([header, ...changed].map(planHash)).size, changed.length + 1);
  });
  test("an operation id is a UUID of its plan and step", () => {
    assert.match(operationId("sha256:0", "a"), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(operationId("sha256:0", "a"), operationId("sha256:0", "a"));
    const of = (plan_hash: string, created_at: string): string => operationIds({ plan_hash, created_at })("a");
    assert.equal(new Set([of("h", "1"), of("h", "2"), of("g", "1"), of("h", "1")]).size, 3);
    assert.equal(new Set([operationId("sha256:0", "a"), operationId("sha256:0", "b"), operationId("sha256:1", "a")]).size, 3);
  });
});
