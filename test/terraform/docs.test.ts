/** The HCL of docs/terraform.md: all of it is HCL in terraform's own layout, and what is whole is applied. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { suite, test } from "node:test";
import { openSite } from "./support/site.ts";

const GUIDE = readFileSync(path.resolve(import.meta.dirname, "../../docs/terraform.md"), "utf8");
const blocks = [...GUIDE.matchAll(/^```terraform\n([\s\S]*?)^```$/gm)].map(({ 1: text = "", index }) => ({
  text,
  line: GUIDE.slice(0, index).split("\n").length,
}));

suite("docs/terraform.md", () => {
  test("has configurations", () => assert.ok(blocks.length > 5));

  for (const { text, line } of blocks) {
    test(`line ${line} is as terraform fmt has it`, () => {
      const { status, stdout, stderr } = spawnSync("terraform", ["fmt", "-"], { input: text, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, text);
    });
    if (!text.startsWith("terraform {")) continue;
    test(`line ${line} is applied`, async () => {
      await using site = await openSite({ by: "mirror" });
      writeFileSync(path.join(site.dir, "main.tf"), text.replaceAll(/unix:[^"]+/g, site.desk.address));
      await site.ok("init", "-no-color");
      await site.apply();
    });
  }
});
