/** The provider as a process of terraform's own, found in a mirror as a user's would be. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { PROVIDER_ADDRESS } from "@ghost/schemas";
import { collect } from "../support/ghost.ts";
import { golden } from "../support/golden.ts";
import { vm } from "./support/hcl.ts";
import { launcher } from "./support/mirror.ts";
import { openSite } from "./support/site.ts";

suite("through a mirror", () => {
  test("init, validate, plan, apply, import, state, destroy", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.write(vm("web", { ram_gb: 2 }));
    assert.match(await readFile(path.join(site.dir, ".terraform.lock.hcl"), "utf8"), new RegExp(PROVIDER_ADDRESS));
    await site.ok("validate", "-json");
    await site.apply();
    await site.ok("state", "rm", "ghost_vm.web");
    await site.ok("import", "-no-color", "ghost_vm.web", "desk/web");
    await site.settled();
    await site.ok("output", "-json");
    await site.ok("destroy", "-auto-approve", "-json");
    assert.deepEqual(site.desk.names(), []);
  });

  test("a saved plan, warnings and a change", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.write(vm("web"));
    await site.apply();
    await site.write(vm("web", { vcpu: 2 }));
    const planned = await site.ok("plan", "-json", "-out=saved.tfplan");
    assert.equal(planned.told[0]?.severity, "warning");
    await site.ok("apply", "-json", "saved.tfplan");
    await site.settled();
    assert.equal(site.desk.host.findDomain("web")?.live.vcpu, 2);
  });

  test("the log holds the provider's lines at their levels, and no process is left", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.write(vm("web"));
    await site.apply();
    const log = await readFile(path.join(site.dir, "terraform.log"), "utf8");
    // Terraform waits for the process beside reading what it writes, and says so when the end comes first.
    assert.doesNotMatch(log, /\[ERROR\] provider(?!: error encountered while scanning stdout: error="read \|0: file already closed")/);
    assert.doesNotMatch(log, /Unhandled|DeprecationWarning|ExperimentalWarning/);
    assert.doesNotMatch(log, /plugin failed to exit gracefully/);
  });

  test("its schema", async (t) => {
    await using site = await openSite({ by: "mirror" });
    await site.write("");
    const { stdout } = await site.ok("providers", "schema", "-json");
    const { provider_schemas: schemas } = JSON.parse(stdout) as { provider_schemas: Readonly<Record<string, unknown>> };
    assert.deepEqual(Object.keys(schemas), [PROVIDER_ADDRESS]);
    golden(t, import.meta.url, "provider-schema.json", `${JSON.stringify(schemas[PROVIDER_ADDRESS], undefined, 2)}\n`);
  });
});

suite("started by hand", () => {
  const { TF_PLUGIN_MAGIC_COOKIE: _cookie, ...inherited } = process.env;
  const env = { ...inherited, GHOST_NODE: process.execPath };
  for (const args of [[], ["--help"]]) {
    test(`with ${args.length === 0 ? "nothing" : args.join(" ")} it says what it is`, async () => {
      const { code, stdout, stderr } = await collect(spawn(await launcher(), args, { env, stdio: ["ignore", "pipe", "pipe"] }));
      assert.notEqual(code, null);
      assert.match(stdout + stderr, /Terraform/);
      assert.doesNotMatch(stdout, /^1\|/);
    });
  }
});
