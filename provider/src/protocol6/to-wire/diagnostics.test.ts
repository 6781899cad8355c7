import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AttributeSchemas } from "../schema.ts";
import { toWireDiagnostics } from "./diagnostics.ts";

const text = { description: "", optional: true, type: "string" } as const;
const ATTRIBUTES: AttributeSchemas = {
  name: text,
  labels: { description: "", optional: true, type: ["map", "string"] },
  keys: { description: "", optional: true, type: ["list", "string"] },
  disks: { description: "", optional: true, nested: { nesting: "map", attributes: { size: text } } },
  setup: {
    description: "",
    optional: true,
    nested: { nesting: "single", attributes: { packages: { ...text, type: ["list", "string"] } } },
  },
};

suite("the path of a diagnostic ends where Terraform can still find it", () => {
  const cases: readonly { path?: readonly (string | number)[]; want: readonly (string | number)[] | undefined }[] = [
    { want: undefined },
    { path: [], want: undefined },
    { path: ["nothing"], want: undefined },
    { path: ["name"], want: ["name"] },
    { path: ["labels", "a"], want: ["labels", "a"] },
    { path: ["keys", 1], want: ["keys", 1] },
    { path: ["disks", "data"], want: ["disks", "data"] },
    { path: ["disks", "data", "size"], want: ["disks", "data"] },
    { path: ["setup", "packages"], want: ["setup"] },
    { path: ["setup", "packages", 0], want: ["setup"] },
  ];
  for (const { path, want } of cases) {
    test(JSON.stringify(path) ?? "none", () => {
      const [diagnostic] = toWireDiagnostics([{ severity: "error", summary: "s", detail: "d", ...(path && { path }) }], ATTRIBUTES);
      assert.deepEqual(
        diagnostic?.attribute?.steps.map(({ selector }) => selector?.value),
        want,
      );
    });
  }
});

test("what others said cannot move the cursor or turn the text around", () => {
  const [diagnostic] = toWireDiagnostics(
    [{ severity: "error", summary: "the host says \u001b[2J", detail: "one\n\ttwo\r\u202eeerht\u009b\ud800 ö 😀" }],
    ATTRIBUTES,
  );
  assert.deepEqual(
    [diagnostic?.summary, diagnostic?.detail],
    ["the host says \\u001b[2J", "one\n\ttwo\\u000d\\u202eeerht\\u009b\\ud800 ö 😀"],
  );
});
