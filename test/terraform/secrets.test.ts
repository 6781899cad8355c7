/** A password goes to the host and nowhere else. */
import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { unzipSync } from "fflate";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { outcomeOf, spawnTerraform } from "./support/terraform.ts";
import type { Outcome } from "./support/terraform.ts";
import { errors, said } from "./support/words.ts";

const SECRET = "corr3ct-horse-battery";
const LATER = "st4ple-of-another-kind";

function withPassword(version: number, more = ""): string {
  return `variable "password" {\n  type = string\n  ephemeral = true\n}\n${vm("web", {
    cloud_init: `{ packages = ["curl"], password_wo = var.password, password_wo_version = ${version}${more} }`,
    cloud_init_on_change: '"next-boot"',
  })}`;
}

async function runWith(site: Site, secret: string, ...args: readonly string[]): Promise<Outcome> {
  const child = spawnTerraform(args, { ...site, env: { ...site.env, TF_VAR_password: secret, TF_LOG: "trace" } });
  const outcome = await outcomeOf(child, args);
  assert.ok(!(outcome.stdout + outcome.stderr).includes(secret), "the secret is printed");
  return outcome;
}

/** Files below `dir` that hold the text, packed or not. */
async function filesWith(dir: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(path.join(entry.parentPath, entry.name));
    const texts = bytes.subarray(0, 2).toString() === "PK" ? Object.values(unzipSync(bytes)).map((part) => Buffer.from(part)) : [bytes];
    if (texts.some((each) => each.includes(text))) found.push(entry.name);
  }
  return found;
}

suite("a write-only password", () => {
  test("reaches the host and is in no state, plan or log, nor on the agent", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.write(withPassword(1));
    const planned = await runWith(site, SECRET, "plan", "-out=saved.tfplan", "-no-color");
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    assert.deepEqual(await filesWith(site.dir, SECRET), []);
    const applied = await runWith(site, SECRET, "apply", "-no-color", "saved.tfplan");
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    assert.equal(site.desk.passwords["web"], SECRET);
    assert.deepEqual(await filesWith(site.dir, SECRET), []);
    const log = await readFile(path.join(site.dir, "terraform.log"), "utf8");
    assert.match(log, /ApplyResourceChange|apply/i, "the log is one of everything");
    assert.equal((await runWith(site, SECRET, "plan", "-detailed-exitcode")).code, 0);
  });

  test("is changed by its version, and by nothing else", async () => {
    await using site = await openSite();
    await site.write(withPassword(1));
    assert.equal((await runWith(site, SECRET, "apply", "-auto-approve")).code, 0);
    assert.equal((await runWith(site, LATER, "plan", "-detailed-exitcode")).code, 0, "another value alone is no change");
    await site.write(withPassword(2));
    assert.equal((await runWith(site, LATER, "plan", "-detailed-exitcode")).code, 2);
    const applied = await runWith(site, LATER, "apply", "-auto-approve");
    assert.equal(applied.code, 0, applied.stdout);
    assert.equal(site.desk.passwords["web"], LATER);
    assert.equal((await runWith(site, LATER, "plan", "-detailed-exitcode")).code, 0);
    const { cloud_init: cloudInit } = (await site.values())["ghost_vm.web"]!;
    assert.deepEqual(cloudInit, { network_config: null, packages: ["curl"], password_wo: null, password_wo_version: 2, user_data: null });
    assert.deepEqual([...(await filesWith(site.dir, SECRET)), ...(await filesWith(site.dir, LATER))], []);
  });

  test("needs a version, and a version needs a password by the time it is applied", async () => {
    await using site = await openSite();
    await site.write(vm("web", { cloud_init: '{ password_wo = "x" }' }));
    const early = await site.refused("validate");
    assert.match(said(early), /password_wo_version/);
    assert.match(errors(early)[0]?.code ?? "", /cloud_init/);
    // Whoever only plans need not have it.
    await site.write(vm("web", { cloud_init: "{ password_wo_version = 1 }" }));
    const { told } = await site.plan();
    assert.match(told.map(({ summary, address }) => `${summary} ${address}`).join(), /SECRET_NOT_FOUND.*ghost_vm\.web/);
    const late = await site.refused("apply", "-auto-approve");
    assert.match(said(late), /Set cloud_init\.password_wo/);
    assert.deepEqual([site.desk.names(), await site.values()], [[], {}]);
  });

  test("survives an import: the version is asked for again, the password set once", async () => {
    await using site = await openSite();
    await site.write(withPassword(1));
    assert.equal((await runWith(site, SECRET, "apply", "-auto-approve")).code, 0);
    await rm(path.join(site.dir, "terraform.tfstate"));
    const imported = await runWith(site, SECRET, "import", "ghost_vm.web", "desk/web");
    assert.equal(imported.code, 0, imported.stderr);
    assert.equal((await runWith(site, SECRET, "apply", "-auto-approve")).code, 0);
    assert.equal((await runWith(site, SECRET, "plan", "-detailed-exitcode")).code, 0);
  });
});
