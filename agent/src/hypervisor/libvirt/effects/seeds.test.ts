import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { GuestSetup } from "../../driver.ts";
import type { Folders } from "../parts.ts";
import { removeDomainFiles } from "./leftovers.ts";
import { layDownSeed, renewSeed } from "./seeds.ts";

suite("seeds", () => {
  const uid = "8c5df7a4-6b6f-4f0e-9c55-9d5a43b1f5a1";
  const guest: GuestSetup = { hostname: "web", sshKeys: [], packages: [] };

  async function place(t: TestContext): Promise<Folders> {
    const dir = await mkdtemp(path.join(tmpdir(), "ghost-seeds-"));
    t.after(() => rm(dir, { recursive: true }));
    return { disks: path.join(dir, "disks"), seeds: path.join(dir, "seeds"), consoles: path.join(dir, "consoles") };
  }

  async function instanceId(seed: string): Promise<string | undefined> {
    return /"instance-id":"([^"]*)"/.exec(await readFile(seed, "latin1"))?.[1];
  }

  test("the first of a machine has its uid, however often it is written", async (t) => {
    const folders = await place(t);
    const seed = await layDownSeed(folders, uid, guest);
    assert.equal(await instanceId(seed), uid);
    assert.equal(await instanceId(await layDownSeed(folders, uid, { ...guest, hostname: "shop" })), uid);
    assert.equal(((await stat(seed)).mode & 0o777).toString(8), "600");
  });

  test("another setup is another instance, the same is not", async (t) => {
    const folders = await place(t);
    await layDownSeed(folders, uid, guest);
    assert.equal(await instanceId(await renewSeed(folders, uid, guest)), uid);
    assert.equal(await instanceId(await renewSeed(folders, uid, { ...guest, hostname: "shop" })), `${uid}-1`);
    assert.equal(await instanceId(await renewSeed(folders, uid, { ...guest, hostname: "shop" })), `${uid}-1`);
    assert.equal(await instanceId(await renewSeed(folders, uid, guest)), `${uid}-2`);
    assert.equal(await instanceId(await layDownSeed(folders, uid, guest)), `${uid}-2`);
  });

  test("a new password is another instance, whose id does not tell it", async (t) => {
    const folders = await place(t);
    await layDownSeed(folders, uid, { ...guest, password: "one" });
    assert.equal(await instanceId(await renewSeed(folders, uid, { ...guest, password: "two" })), `${uid}-1`);
    assert.doesNotMatch(await readFile(path.join(folders.seeds, `${uid}.json`), "utf8"), /one|two/);
  });

  test("nothing is left of them, and nothing has to be there", async (t) => {
    const folders = await place(t);
    await removeDomainFiles(folders, uid);
    await layDownSeed(folders, uid, guest);
    await renewSeed(folders, uid, { ...guest, hostname: "shop" });
    await removeDomainFiles(folders, uid);
    assert.deepEqual(await readdir(folders.seeds), []);
  });
});
