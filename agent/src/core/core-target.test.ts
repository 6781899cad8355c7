import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { coreTarget } from "./core-target.ts";

suite("coreTarget", () => {
  test("plain text without tls", () => assert.equal(coreTarget({ address: "core.example:8080" }).credentials._isSecure(), false));

  test("TLS with the machine's own authorities", () => {
    const { credentials, options } = coreTarget({ address: "core.example:8080", tls: {} });
    assert.equal(credentials._isSecure(), true);
    assert.equal(options["grpc.ssl_target_name_override"], "core.example");
  });

  test("another name in the certificate", () => {
    assert.equal(coreTarget({ address: "100.64.0.1:8080", tls: { serverName: "core" } }).options["grpc.ssl_target_name_override"], "core");
  });

  const folder = mkdtempSync(join(tmpdir(), "ghost-core-"));
  test.after(() => rmSync(folder, { recursive: true }));
  const junk = join(folder, "junk.pem");
  writeFileSync(junk, "junk");
  for (const tls of [{ ca: join(folder, "none.pem") }, { cert: junk, key: junk }]) {
    test(`${JSON.stringify(Object.keys(tls))} that cannot be used`, () =>
      assert.throws(() => coreTarget({ address: "core.example:1", tls }), /AGENT_CONFIG.*cannot be used/));
  }
});
