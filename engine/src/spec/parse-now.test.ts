import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseSpecNow } from "./parse-now.ts";
import { parseSpec } from "./parse.ts";
import { FULL_SPEC, mutated } from "./testdata/specs.ts";

suite("parseSpecNow", () => {
  test("says of every text exactly what parseSpec says", async () => {
    const anchors = "a: &x { b: 1 }\nc: *x\n";
    await fc.assert(
      fc.asyncProperty(mutated([FULL_SPEC, anchors]), async (text) => {
        const sources = [{ file: "ghost.yaml", text }];
        const options = { cwd: "/spec", variables: { files: [{ file: "values.yaml", text: anchors }] } };
        assert.deepEqual(parseSpecNow(sources, options), await parseSpec(sources, options));
      }),
      { numRuns: 200 },
    );
  });
});
