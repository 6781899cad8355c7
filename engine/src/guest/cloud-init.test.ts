import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import fc from "fast-check";
import { parse } from "yaml";
import { golden } from "../../../test/support/golden.ts";
import type { CloudInit } from "./cloud-init.ts";
import { renderCloudInit } from "./cloud-init.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@desk";
const SCRIPT = "#!/bin/sh\necho hello\n";

suite("renderCloudInit", () => {
  const goldens: { name: string; setup: CloudInit }[] = [
    { name: "everything", setup: { hostname: "web-1", packages: ["nginx", "yes", "1:30"], ssh_keys: [KEY], password: "p: #1" } },
    {
      name: "own-cloud-config",
      setup: {
        hostname: "web-1",
        packages: ["nginx", "curl"],
        ssh_keys: [KEY],
        password: "secret",
        user_data: [
          "#cloud-config",
          "# Kept, and so is the form of what is not ours.",
          "hostname: own",
          "packages: [htop, nginx]",
          "chpasswd: { expire: true, list: [a] }",
          "write_files:",
          "  - path: /etc/x",
          "    permissions: 0644",
          "    content: |",
          "      a: b",
          "        c",
          "runcmd:",
          "  - [systemctl, restart, nginx]",
          "",
        ].join("\r\n"),
      },
    },
    { name: "own-script", setup: { hostname: "web-1", packages: ["nginx"], user_data: SCRIPT } },
    { name: "own-script-not-ascii", setup: { hostname: "web-1", user_data: `${SCRIPT}echo ${"日本".repeat(20)}\n` } },
    { name: "own-jinja", setup: { hostname: "web-1", user_data: "## template: jinja\n#cloud-config\nruncmd: [{{ v1.region }}]\n" } },
  ];
  for (const { name, setup } of goldens)
    test(`${name}: as on file, every time`, async (t) => {
      const text = await renderCloudInit(setup);
      golden(t, import.meta.url, `${name}.txt`, text);
      assert.equal(await renderCloudInit(setup), text);
    });

  const merged: { name: string; setup: CloudInit; want: unknown }[] = [
    { name: "nothing", setup: {}, want: {} },
    { name: "an empty own text", setup: { hostname: "a", user_data: "\n" }, want: { hostname: "a" } },
    { name: "own text of comments", setup: { hostname: "a", user_data: "#cloud-config\n# later\n" }, want: { hostname: "a" } },
    { name: "own cloud-config alone", setup: { user_data: "#cloud-config\nruncmd: [ls]\n" }, want: { runcmd: ["ls"] } },
    { name: "without the first line", setup: { hostname: "a", user_data: "runcmd: [ls]" }, want: { hostname: "a", runcmd: ["ls"] } },
    { name: "behind a byte order mark", setup: { user_data: "\ufeff#cloud-config\nruncmd: [ls]\n" }, want: { runcmd: ["ls"] } },
    { name: "behind dashes", setup: { hostname: "a", user_data: "#cloud-config\n---\nb: 1\n" }, want: { hostname: "a", b: 1 } },
    { name: "the own scalar counts", setup: { hostname: "a", user_data: "hostname: b" }, want: { hostname: "b" } },
    { name: "the own null counts", setup: { packages: ["a"], user_data: "packages:" }, want: { packages: null } },
    { name: "another kind counts", setup: { packages: ["a"], user_data: "packages: b" }, want: { packages: "b" } },
    {
      name: "lists are joined, nothing twice",
      setup: { packages: ["a", "b"], user_data: "packages: [c, [d, 1.0], a]" },
      want: { packages: ["b", "c", ["d", 1], "a"] },
    },
    {
      name: "maps are joined",
      setup: { password: "x", user_data: "chpasswd: { users: [] }" },
      want: { password: "x", chpasswd: { expire: false, users: [] } },
    },
    {
      name: "an alias is only a value",
      setup: { packages: ["a"], user_data: "x: &p [b]\npackages: *p\n" },
      want: { x: ["b"], packages: ["a", "b"] },
    },
    { name: "a map in braces", setup: { hostname: "a", user_data: "{b: 1}" }, want: { hostname: "a", b: 1 } },
  ];
  for (const { name, setup, want } of merged)
    test(`cloud-config: ${name}`, async () => {
      const text = await renderCloudInit(setup);
      assert.match(text, /^#cloud-config\n(?!---|#cloud-config)/);
      assert.deepEqual(parse(text, { version: "1.1" }), want);
    });

  test("a script with nothing beside it stays what it is", async () => {
    assert.equal(await renderCloudInit({ user_data: SCRIPT }), SCRIPT);
  });

  const refused: { name: string; setup: CloudInit; says: RegExp; path: string }[] = [
    { name: "a plain text", setup: { user_data: "hunter2" }, says: /a plain text, and neither/, path: "user_data" },
    { name: "a list", setup: { user_data: "- hunter2" }, says: /a list, and neither/, path: "user_data" },
    { name: "no YAML", setup: { user_data: "#cloud-config\na: 1\nb: [hunter2\nc: 1\n" }, says: /in line 4/, path: "user_data" },
    { name: "a key twice", setup: { user_data: "#cloud-config\na: hunter2\na: 2\n" }, says: /in line 3/, path: "user_data" },
    { name: "two documents", setup: { user_data: "a: hunter2\n---\nb: 1\n" }, says: /more than one YAML document/, path: "user_data" },
    { name: "MIME", setup: { user_data: "MIME-Version: 1.0\n\nhunter2" }, says: /multi-part/, path: "user_data" },
    { name: "a merge key", setup: { user_data: "a: &a { b: hunter2 }\n<<: *a\n" }, says: /merge key/, path: "user_data" },
    {
      name: "an anchor on what is ours",
      setup: { packages: ["x"], user_data: "packages: &p [hunter2]\nb: *p\n" },
      says: /anchor at packages/,
      path: "user_data",
    },
    { name: "brackets without end", setup: { user_data: "[".repeat(60_000) }, says: /in line 1|too deeply/, path: "user_data" },
    { name: "no password", setup: { password: "" }, says: /is empty/, path: "password" },
    { name: "a password that is a wish", setup: { password: "RANDOM" }, says: /random/, path: "password" },
    { name: "a password of two lines", setup: { password: "hunter2\nroot:x" }, says: /line break/, path: "password" },
  ];
  for (const { name, setup, says, path } of refused)
    test(`refuses ${name}, without its content`, async () => {
      await assert.rejects(renderCloudInit(setup), (reason) => {
        assert.ok(reason instanceof GhostError);
        const [problem] = reason.diagnostics;
        assert.match(problem.detail, says);
        assert.deepEqual([problem.code, problem.path], ["SPEC_BAD_VALUE", [path]]);
        assert.doesNotMatch(JSON.stringify(reason.diagnostics), /hunter2|RANDOM/);
        return true;
      });
    });

  test("what goes in is what a guest reads, whatever the texts are", async () => {
    const line = fc.string({ unit: "grapheme" }).filter((text) => !/\p{Cc}/u.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), line, async (packages, password) => {
        fc.pre(password !== "" && password !== "R");
        const read: unknown = parse(await renderCloudInit({ packages, password }), { version: "1.1" });
        assert.deepEqual(read, { packages, password, chpasswd: { expire: false } });
      }),
      { numRuns: 50 },
    );
  });
});
