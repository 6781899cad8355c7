/** Two faces of one definition: what the published schemas accept is what is read. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { DiagnosticCode } from "@ghost/schemas";
import { validateResolved, validateSource } from "@ghost/schemas/validators";
import fc from "fast-check";
import { effectiveSpec } from "./render.ts";
import { RIGHT_SPEC, specData } from "./testdata/arbitrary.ts";
import { FULL_SPEC, parse } from "./testdata/specs.ts";

/** What a schema of one file can see; the rest needs other values, other blocks or other files. */
const SHAPE: ReadonlySet<DiagnosticCode> = new Set([
  "SPEC_UNKNOWN_KEY",
  "SPEC_WRONG_TYPE",
  "SPEC_OUT_OF_RANGE",
  "SPEC_BAD_VALUE",
  "SPEC_BAD_NAME",
  "SPEC_LITERAL_SECRET",
]);

/** The schema cannot count: it takes any five digits for a port. */
function hasBadPort(data: unknown): boolean {
  const { agents } = data as { readonly agents: Readonly<Record<string, { readonly address?: unknown } | null>> };
  return Object.values(agents).some((one) => {
    const port =
      typeof one?.address === "string" && !/^(?:unix|embedded):/.test(one.address) ? Number(/[0-9]+$/.exec(one.address)?.[0] ?? 1) : 1;
    return port < 1 || port > 65_535;
  });
}

suite("the source schema", () => {
  for (const wrong of [0, 2, 10]) {
    test(`accepts what is read, refuses what is not (${wrong} of 100 values are anything)`, async () => {
      let [accepted, refused] = [0, 0];
      await fc.assert(
        fc.asyncProperty(specData({ wrong }), async (data) => {
          fc.pre(!hasBadPort(data));
          const { diagnostics } = await parse(JSON.stringify(data));
          const problems = diagnostics.filter(({ code }) => SHAPE.has(code));
          const isValid = validateSource(data);
          if (isValid) accepted += 1;
          else refused += 1;
          if (isValid && problems.length > 0) assert.fail(`the schema accepts: ${JSON.stringify(problems[0])}`);
          const first = validateSource.errors?.[0];
          if (!isValid && problems.length === 0 && diagnostics.every(({ code }) => code !== "SPEC_MISSING_KEY"))
            assert.fail(`the schema refuses: ${JSON.stringify(first)}`);
        }),
        { numRuns: 100 },
      );
      assert.ok(wrong === 0 ? refused === 0 : refused > 5, `${accepted} accepted, ${refused} refused`);
    });
  }
});

suite("the resolved schema", () => {
  test("accepts every spec that was read", async () => {
    const check = async (text: string): Promise<void> => {
      const { desired, diagnostics } = await parse(text);
      assert.deepEqual(diagnostics, []);
      const isValid = validateResolved(JSON.parse(JSON.stringify(effectiveSpec(desired!))));
      assert.ok(isValid, JSON.stringify(validateResolved.errors));
    };
    await check(FULL_SPEC);
    await fc.assert(
      fc.asyncProperty(RIGHT_SPEC, (data) => check(JSON.stringify(data))),
      { numRuns: 60 },
    );
  });
});
