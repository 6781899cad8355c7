import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import { resolveSecret } from "./secrets.ts";

suite("resolveSecret", () => {
  test("an environment variable, as it is", async () => assert.equal(await resolveSecret("env:PW", { PW: "a:b\n" }), "a:b\n"));

  test("a file, without the newline at its end", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "ghost-secret-"));
    try {
      await writeFile(path.join(folder, "pw"), "hunter2\r\n");
      await writeFile(path.join(folder, "empty"), "\n");
      assert.equal(await resolveSecret(`file:${folder}/pw`, {}), "hunter2");
      await assert.rejects(resolveSecret(`file:${folder}/empty`, {}), /empty/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const reference of ["env:GONE", "env:EMPTY", "env:constructor", "file:/no/such/file"]) {
    test(`${reference} is not there`, () =>
      assert.rejects(
        resolveSecret(reference, { EMPTY: "" }),
        (error) =>
          error instanceof GhostError && error.diagnostics[0].code === "SECRET_NOT_FOUND" && error.diagnostics[0].hint !== undefined,
      ));
  }
});
