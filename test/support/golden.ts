import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * Compares text with `testdata/NAME` beside the test, `golden(t, import.meta.url, "one-added.txt", text)`.
 * `npm test -- --test-update-snapshots` writes the file; the difference is reviewed like code.
 */
export function golden(t: TestContext, moduleUrl: string, name: string, text: string): void {
  const file = path.join(path.dirname(fileURLToPath(moduleUrl)), "testdata", name);
  t.assert.fileSnapshot(text, file, { serializers: [String] });
}
