import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { GuestSetup } from "../../driver.ts";
import { isoImage } from "./iso9660.ts";
import { seedFiles, seedImage, writeSeed } from "./seed.ts";

const dir = mkdtempSync(join(tmpdir(), "ghost-seed-"));
after(() => rmSync(dir, { recursive: true }));

const SETUP: GuestSetup = { hostname: "web-1", sshKeys: ["ssh-ed25519 AAAA me"], packages: ["nginx"], password: "Hush-hush-1" };
const NETWORK = "version: 2\nethernets: { a: { dhcp4: true } }\n";

function tool(name: string): { skip: string | false } {
  return { skip: spawnSync(name, ["--version"]).error === undefined ? false : `${name} is not installed` };
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

suite("the files of a seed", () => {
  test("user-data, meta-data and the network where it is given", async () => {
    const files = await seedFiles("i-1", { ...SETUP, networkConfig: NETWORK });
    const texts = Object.fromEntries(files.map(({ name, content }) => [name, Buffer.from(content).toString()]));
    assert.deepEqual(Object.keys(texts), ["meta-data", "network-config", "user-data"]);
    assert.deepEqual(JSON.parse(texts["meta-data"] ?? ""), { "instance-id": "i-1", "local-hostname": "web-1" });
    assert.equal(texts["network-config"], NETWORK);
    assert.match(texts["user-data"] ?? "", /^#cloud-config\nhostname: "web-1"\n/);
    assert.match(texts["user-data"] ?? "", /ssh-ed25519 AAAA me/);
    assert.match(texts["user-data"] ?? "", /Hush-hush-1/);
  });
  test("no network file where none is given: an empty one would mean no network", async () => {
    assert.deepEqual(
      (await seedFiles("i-1", SETUP)).map(({ name }) => name),
      ["meta-data", "user-data"],
    );
  });
});

suite("the image of a seed", () => {
  const files = [
    { name: "meta-data", content: Buffer.from("a: 1\n") },
    { name: "network-config", content: Buffer.alloc(0) },
    { name: "user-data", content: Buffer.alloc(300_001, "ü line\n") },
  ];
  const path = join(dir, "read.iso");

  test("the same files give the same bytes", () => assert.ok(seedImage(files).equals(seedImage(files.map((file) => ({ ...file }))))));
  test("label, length and the record of the folder, where the standard has them", () => {
    const image = seedImage(files);
    assert.equal(image.toString("latin1", 0x8001, 0x8006), "CD001");
    assert.equal(image.toString("latin1", 0x8028, 0x8048).trimEnd(), "CIDATA");
    assert.equal(image.readUInt32LE(0x8050) * 2048, image.length);
    assert.equal(image.readUInt32BE(0x8054) * 2048, image.length);
    assert.equal(image.readUInt32LE(0x809e), 20);
  });
  test("another reader finds label, names, modes and contents", tool("isoinfo"), () => {
    writeFileSync(path, seedImage(files));
    assert.match(run("isoinfo", ["-d", "-i", path]), /Volume id: CIDATA\n[^]*Rock Ridge signatures version 1 found/);
    const listed = run("isoinfo", ["-l", "-R", "-i", path]);
    for (const { name, content } of files) {
      assert.match(listed, new RegExp(`^-r-{8} .* ${content.length} Jan  1 1980 .* ${name}\\s*$`, "m"));
      assert.equal(run("isoinfo", ["-R", "-i", path, "-x", `/${name}`]), content.toString());
    }
  });
  test("the tool that finds file systems finds this one and its label", tool("blkid"), () => {
    writeFileSync(path, seedImage(files));
    const found = run("blkid", ["-p", "-o", "export", path]);
    assert.match(found, /^LABEL=CIDATA$/m);
    assert.match(found, /^TYPE=iso9660$/m);
  });
  const wrong = [
    { name: "a label that is none", make: () => isoImage("cidata!", []) },
    { name: "a name too long", make: () => isoImage("A", [{ name: "n".repeat(200), content: Buffer.alloc(0) }]) },
    {
      name: "too many files",
      make: () =>
        isoImage(
          "A",
          Array.from({ length: 100 }, (_, index) => ({ name: `${index}`, content: Buffer.alloc(0) })),
        ),
    },
  ];
  for (const { name, make } of wrong) test(name, () => assert.throws(make, RangeError));
});

suite("writeSeed", () => {
  test("readable by the agent alone, replaced at once, nothing beside it", async () => {
    const own = mkdtempSync(join(dir, "own-"));
    const path = join(own, "seed.iso");
    await writeSeed(path, "i-1", SETUP);
    const first = readFileSync(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await writeSeed(path, "i-1", SETUP);
    assert.ok(readFileSync(path).equals(first));
    await writeSeed(path, "i-2", { ...SETUP, hostname: "web-2" });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!readFileSync(path).equals(first));
    assert.deepEqual(readdirSync(own), ["seed.iso"]);
  });

  const failures: readonly { name: string; path: string; setup: GuestSetup }[] = [
    {
      name: "user-data that cannot be merged",
      path: join(dir, "a.iso"),
      setup: { ...SETUP, userData: "#cloud-config\npassword: [Hush-hush-1" },
    },
    { name: "a password that cloud-init would misread", path: join(dir, "b.iso"), setup: { ...SETUP, password: "Hush-hush-1\n" } },
    { name: "a folder that is not there", path: join(dir, "none", "c.iso"), setup: SETUP },
  ];
  for (const { name, path, setup } of failures)
    test(`no password in the error: ${name}`, async () => {
      await assert.rejects(writeSeed(path, "i-1", setup), (reason) => {
        const text = reason instanceof GhostError ? JSON.stringify(reason.diagnostics) : "";
        assert.doesNotMatch(`${text}${String(reason)}${(reason as Error).stack}`, /Hush/);
        return true;
      });
      assert.ok(!readdirSync(dir).some((file) => /^[abc]\.iso/.test(file)));
    });
});
