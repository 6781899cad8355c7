import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createSuggest, didYouMean, editDistance } from "./suggest.ts";

const KEYS = ["ram_gb", "ram_max_gb", "vcpu", "disk_gb", "disks", "labels", "agent"];

suite("suggestions", () => {
  const cases: { word: string; want: string | undefined }[] = [
    { word: "ram_bg", want: "ram_gb" },
    { word: "rma_gb", want: "ram_gb" },
    { word: "cpu", want: "vcpu" },
    { word: "disk", want: "disks" },
    { word: "ram", want: "ram_gb" },
    { word: "lables", want: "labels" },
    { word: "zzz", want: undefined },
    { word: "x".repeat(1000), want: undefined },
    { word: "", want: undefined },
  ];
  for (const { word, want } of cases) test(`${word.slice(0, 20)} → ${want}`, () => assert.equal(createSuggest()(word, KEYS), want));

  test("the budget ends the search, not the program", () => {
    const suggest = createSuggest(3);
    assert.equal(suggest("agent_", KEYS), undefined);
    assert.equal(suggest("ram_bg", KEYS), undefined);
  });

  test("the nearest wins, whatever the order", () => {
    assert.equal(createSuggest()("web-112", ["web-23", "web-12", "web-4"]), "web-12");
  });

  test("nothing is said where nothing is near", () => assert.equal(didYouMean(undefined), undefined));
});

test("the distance is zero for the same, symmetric, and bounded by the limit", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, fc.nat(4), (a, b, limit) => {
      assert.equal(editDistance(a, a, limit), 0);
      assert.equal(editDistance(a, b, limit), editDistance(b, a, limit));
      assert.ok(editDistance(a, b, limit) <= limit + 1);
      assert.ok(editDistance(a, b, 20) <= Math.max(a.length, b.length));
    }),
  );
});
