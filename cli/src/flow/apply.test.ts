import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { desk, planOf, step } from "../testing/sample-plan.ts";
import { attachHelp, outcomeSentence } from "./apply.ts";
import { questionFor } from "./change.ts";
import { quote } from "./spec.ts";

const SUMMARY = { done: 0, noop: 0, failed: 0, skipped: 0, stopped: 0, left: 0 };
const TWO = planOf([step({ action: "create", name: "a", reason: "new" }), step({ action: "create", name: "b", reason: "new" })]);

suite("outcomeSentence", () => {
  const cases = [
    {
      name: "all done",
      given: { ok: true, elapsedMs: 65_000, summary: { ...SUMMARY, done: 2 } },
      want: "Stack shop: 2 steps done in 1 min 05 s.",
    },
    {
      name: "some had nothing to do",
      given: { ok: true, elapsedMs: 400, summary: { ...SUMMARY, done: 2, noop: 1 } },
      want: "Stack shop: 2 steps done in 0.4 s (1 had nothing left to do).",
    },
    {
      name: "a failure",
      given: { ok: false, elapsedMs: 1000, summary: { ...SUMMARY, failed: 1, skipped: 1 } },
      want: "Stack shop: 0 of 2 steps done, 1 failed, 1 skipped after a failure, after 1.0 s. Apply again to go on.",
    },
    {
      name: "stopped",
      given: { ok: false, elapsedMs: 1000, summary: { ...SUMMARY, done: 1, stopped: 1 } },
      want: "Stack shop: 1 of 2 steps done, 1 not started, after 1.0 s. Apply again to go on.",
    },
  ];
  for (const { name, given, want } of cases) test(name, () => assert.equal(outcomeSentence(TWO, given), want));
});

suite("how to follow what goes on", () => {
  test("with the spec's own options", () => {
    assert.equal(
      attachHelp(["desk/1"], [desk], " -f shop"),
      "1 operation goes on by itself. To follow:\n  ghost op attach desk/1 -f shop\n",
    );
  });
  test("without a spec by address and certificates", () => {
    const agent = { ...desk, tls: { ca: "/pki/my ca.pem" } };
    assert.match(
      attachHelp(["desk/1", "desk/2"], [agent], undefined),
      /ghost op attach desk\/2 --address desk\.example:9090 --ca '\/pki\/my ca\.pem'\n/,
    );
  });
  test("not more than ten", () => {
    assert.match(
      attachHelp(
        Array.from({ length: 12 }, (_, index) => `desk/${index}`),
        [desk],
        "",
      ),
      /… and 2 more\n$/,
    );
  });
});

suite("questionFor", () => {
  const cases = [
    { name: "nothing to do needs no answer", plan: planOf([]), want: undefined },
    { name: "a change needs a yes", plan: TWO, want: "yes" },
    {
      name: "a deletion needs its word",
      plan: planOf([step({ action: "delete", name: "a", impact: "data-loss", reason: "gone" })]),
      want: "delete",
    },
    {
      name: "a destroyed disk needs its word",
      plan: planOf([step({ action: "update", name: "a", impact: "data-loss", reason: "shrunk" })]),
      want: "destroy",
    },
  ];
  for (const { name, plan, want } of cases) test(name, () => assert.equal(questionFor(plan)?.word, want));
});

test("quote makes a word that a shell reads back", () => {
  for (const [word, want] of [
    ["a/b.yaml", "a/b.yaml"],
    ["a b", "'a b'"],
    ["it's", `'it'\\''s'`],
    ["", "''"],
    ["$(x)", "'$(x)'"],
  ] as const)
    assert.equal(quote(word), want);
});
