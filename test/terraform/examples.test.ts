/**
 * Everything in examples/terraform is formatted, valid, applied to simulated hosts, settled and destroyed. What an
 * example finds on its host is in its before/ghost.yaml.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { suite, test } from "node:test";
import { ghost } from "../support/ghost.ts";
import { openSite } from "./support/site.ts";
import { explain, terraform } from "./support/terraform.ts";

const EXAMPLES = path.resolve(import.meta.dirname, "../../examples/terraform");
const names = globSync("*/main.tf", { cwd: EXAMPLES }).map((file) => path.dirname(file));
/** What a person is asked for. */
const VARIABLES = { TF_VAR_web_password: "only-for-this-test" };

suite("examples/terraform", () => {
  test("is there", () => assert.ok(names.length > 0));

  test("is formatted as terraform fmt has it", async () => {
    const outcome = await terraform(["fmt", "-check", "-recursive", "-diff", EXAMPLES], {
      dir: EXAMPLES,
      env: { TF_LOG: "", TF_LOG_PATH: "" },
    });
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr);
  });

  for (const name of names.toSorted()) {
    test(`${name} is applied`, async () => {
      const source = path.join(EXAMPLES, name);
      await using site = await openSite({ agents: agentsOf(source), by: "mirror", env: VARIABLES });
      for (const { host } of Object.values(site.agents)) host.setResources({ vcpu: 64, ram_gb: 256, disk_gb: 4000 });
      cpSync(source, site.dir, { recursive: true });
      for (const file of globSync("**/*.{tf,yaml}", { cwd: site.dir })) {
        const full = path.join(site.dir, file);
        writeFileSync(full, withAddresses(readFileSync(full, "utf8"), site.agents));
      }
      const before = path.join(site.dir, "before/ghost.yaml");
      if (existsSync(before)) {
        const applied = await ghost(["apply", "-f", before, "--yes"]);
        assert.equal(applied.code, 0, applied.stderr);
      }
      await site.ok("init", "-no-color");
      const valid = await site.run("validate", "-json");
      assert.deepEqual([valid.code, valid.told], [0, []], explain(valid, site));
      await site.apply();
      await site.ok("destroy", "-auto-approve", "-json");
    });
  }
});

/** `desk = { address = "…"` and `desk: { address: "…"`: the agents that an example names, in its own words. */
const ADDRESS = /^(\s*)([a-z][a-z0-9-]*)(\s*[=:]\s*\{\s*address\s*[=:]\s*)"[^"]*"/gm;

function agentsOf(dir: string): readonly string[] {
  const text = globSync("*.tf", { cwd: dir })
    .map((file) => readFileSync(path.join(dir, file), "utf8"))
    .join("\n");
  return [...text.matchAll(ADDRESS)].map(([, , name = ""]) => name);
}

function withAddresses(text: string, agents: Readonly<Record<string, { readonly address: string }>>): string {
  return text.replaceAll(
    ADDRESS,
    (_whole, space: string, name: string, between: string) => `${space}${name}${between}"${agents[name]?.address}"`,
  );
}
