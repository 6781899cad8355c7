/** Bad input, through the real program: every problem at once, each in its place, exit 1, and no agent is contacted. */
import assert from "node:assert/strict";
import { chmod, mkdir, open, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { suite, test } from "node:test";
import { openSimulatedHost } from "@ghost/agent";
import type { Diagnostic } from "@ghost/schemas";
import type { RunResult } from "../support/ghost.ts";
import { ghost, startAgent, tempFolder } from "../support/ghost.ts";

const HEAD = 'ghost: 1\nstack: s\nagents: { desk: { address: "embedded:.ghost/desk" } }\n';
const VM = "{ agent: desk, image: debian-12 }";

interface Case {
  readonly name: string;
  readonly text: string | Buffer;
  readonly args?: readonly string[];
  /** `CODE@line:column`, in the order of the file. */
  readonly want: readonly string[];
}

function deeplyNested(depth: number): string {
  return `${HEAD}vms: ${"{ a: ".repeat(depth)}1${" }".repeat(depth)}\n`;
}

function aliasBomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 10; level += 1)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  return `${HEAD}${lines.join("\n")}\n`;
}

const CASES: readonly Case[] = [
  { name: "YAML syntax", text: `${HEAD}vms:\n  web: { agent: desk\n`, want: ["SPEC_SYNTAX"] },
  { name: "a duplicate key", text: `${HEAD}vms:\n  web: ${VM}\n  web: ${VM}\n`, want: ["SPEC_DUPLICATE_KEY@6:3"] },
  { name: "an unknown key", text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_bg: 2 }\n`, want: ["SPEC_UNKNOWN_KEY@5:41"] },
  { name: "a wrong type", text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_gb: much }\n`, want: ["SPEC_WRONG_TYPE@5:49"] },
  { name: "out of range", text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_gb: 0 }\n`, want: ["SPEC_OUT_OF_RANGE@5:49"] },
  {
    name: "unknown template, agent and dependency, all at once",
    text: `${HEAD}vms:\n  web:\n    template: nope\n    agent: dsk\n    image: debian-12\n    depends_on: [dbb]\n  db: ${VM}\n`,
    want: ["SPEC_UNKNOWN_REFERENCE@6:15", "SPEC_UNKNOWN_REFERENCE@7:12", "SPEC_UNKNOWN_REFERENCE@9:18"],
  },
  {
    name: "a dependency cycle",
    text: `${HEAD}vms:\n  a: { agent: desk, image: debian-12, depends_on: [b] }\n  b: { agent: desk, image: debian-12, depends_on: [a] }\n`,
    want: ["SPEC_CYCLE"],
  },
  {
    name: "an undefined variable",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_gb: "\${var.ram}" }\n`,
    want: ["VARIABLE_UNDEFINED"],
  },
  {
    name: "an unused variable",
    text: `${HEAD}variables:\n  ram: { type: integer, default: 1 }\nvms:\n  web: ${VM}\n`,
    want: ["VARIABLE_UNUSED@5:3"],
  },
  {
    name: "--var of a wrong type",
    text: `${HEAD}variables:\n  ram: { type: integer, default: 1 }\nvms:\n  web: { agent: desk, image: debian-12, ram_gb: "\${var.ram}" }\n`,
    args: ["--var", "ram=much"],
    want: ["VARIABLE_BAD_VALUE"],
  },
  { name: "an alias bomb", text: aliasBomb(), want: ["SPEC_TOO_LARGE"] },
  { name: "deep nesting", text: deeplyNested(5000), want: ["SPEC_TOO_LARGE"] },
  { name: "NUL bytes", text: Buffer.from(`${HEAD}vms:\n  web\0: ${VM}\n`), want: ["SPEC_UNREADABLE"] },
  {
    name: "text that is not UTF-8",
    text: Buffer.concat([Buffer.from(HEAD), Buffer.from([0x23, 0xff, 0xfe, 0x0a])]),
    want: ["SPEC_UNREADABLE"],
  },
  {
    name: "`no` where a boolean stands",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, protect: no }\n`,
    want: ["SPEC_WRONG_TYPE@5:50"],
  },
  {
    name: "numbers that people and programs read differently",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_gb: 1e3, vcpu: 0x10, disk_gb: 08 }\n`,
    want: ["SPEC_WRONG_TYPE@5:49", "SPEC_WRONG_TYPE@5:60", "SPEC_WRONG_TYPE@5:75"],
  },
  {
    name: "__proto__ and constructor as keys",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, __proto__: { protect: true }, constructor: 1 }\n`,
    want: ["SPEC_UNKNOWN_KEY@5:41", "SPEC_UNKNOWN_KEY@5:71"],
  },
  {
    name: "names with control characters, escapes, dots, and too long",
    text: `${HEAD}vms:\n  "a\\e[31m": ${VM}\n  "..": ${VM}\n  ${"a".repeat(64)}: ${VM}\n`,
    want: ["SPEC_BAD_NAME@5:3", "SPEC_BAD_NAME@6:3", "SPEC_BAD_NAME@7:3"],
  },
  {
    name: "two VMs of one name",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, replicas: 2 }\n  web-1: ${VM}\n`,
    want: ["SPEC_NAME_COLLISION"],
  },
  {
    name: "a literal secret",
    text: `${HEAD}vms:\n  web: { agent: desk, image: debian-12, cloud_init: { password: hunter2 } }\n`,
    want: ["SPEC_LITERAL_SECRET"],
  },
];

function diagnosticsOf(result: RunResult): readonly Diagnostic[] {
  return result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { type: string } & Diagnostic)
    .filter(({ type }) => type === "diagnostic");
}

suite("a wrong spec", () => {
  for (const { name, text, args = [], want } of CASES) {
    test(name, async () => {
      await using temp = await tempFolder();
      await writeFile(path.join(temp.path, "ghost.yaml"), text);
      const result = await ghost(["plan", "--json", ...args], { cwd: temp.path });
      assert.equal(result.code, 1, result.stdout + result.stderr);
      const found = diagnosticsOf(result);
      assert.deepEqual(
        found.map(({ code, at }, index) => (want[index]?.includes("@") === true ? `${code}@${at?.line}:${at?.column}` : code)),
        want,
        JSON.stringify(found, null, 1),
      );
      assert.ok(
        found.every(({ hint }) => hint !== undefined && hint !== ""),
        "each has a hint",
      );
      assert.deepEqual(
        (await readdir(temp.path)).filter((entry) => entry === ".ghost"),
        [],
        "no agent was contacted or started",
      );

      const human = await ghost(["validate", ...args], { cwd: temp.path });
      assert.equal(human.code, 1);
      assert.doesNotMatch(human.stdout + human.stderr, /\n\s+at .+:\d+:\d+\)?\n/, "no stack trace");
      assert.doesNotMatch(human.stdout + human.stderr, /hunter2/, "a secret is not echoed");
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(human.stdout + human.stderr, /[\u0000-\u0008\u000b-\u001f\u007f]/, "no control characters reach the terminal");
    });
  }

  test("a file of 50 MB is refused by its size", async () => {
    await using temp = await tempFolder();
    const file = await open(path.join(temp.path, "ghost.yaml"), "w");
    await file.truncate(50 * 2 ** 20);
    await file.close();
    const result = await ghost(["validate", "--json"], { cwd: temp.path });
    assert.deepEqual([result.code, diagnosticsOf(result).map(({ code }) => code)], [1, ["SPEC_TOO_LARGE"]]);
  });

  for (const [name, text] of [
    ["a byte order mark", `\uFEFF${HEAD}vms: { web: ${VM} }\n`],
    ["CRLF line ends", `${HEAD}vms: { web: ${VM} }\n`.replaceAll("\n", "\r\n")],
  ] as const) {
    test(`${name} is read`, async () => {
      await using temp = await tempFolder();
      await writeFile(path.join(temp.path, "ghost.yaml"), text);
      const { code, stderr, stdout } = await ghost(["validate"], { cwd: temp.path });
      assert.equal(code, 0, stdout + stderr);
    });
  }
});

suite("agents that misbehave", () => {
  const specFor = (address: string, rest = ""): string =>
    `ghost: 1\nstack: s\nagents: { desk: { address: "${address}", timeout_s: 1 }${rest} }\nvms: { web: { agent: desk, image: debian-12 } }\n`;

  for (const [name, onConnection, want] of [
    [
      "answers garbage",
      (socket: import("node:net").Socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\nthis is not gRPC\n"),
      /^AGENT_(PROTOCOL|UNREACHABLE)$/,
    ],
    ["never says a word", () => {}, /^AGENT_(TIMEOUT|UNREACHABLE)$/],
  ] as const) {
    test(`one that ${name}`, async () => {
      await using temp = await tempFolder();
      const server = createServer(onConnection);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      try {
        await writeFile(path.join(temp.path, "ghost.yaml"), specFor(`127.0.0.1:${port}`));
        const result = await ghost(["plan", "--json"], { cwd: temp.path });
        assert.equal(result.code, 1);
        const plan = JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "") as { diagnostics: Diagnostic[] };
        assert.match(plan.diagnostics[0]?.code ?? "", want);
        assert.equal(plan.diagnostics[0]?.agent, "desk");
      } finally {
        server.close();
      }
    });
  }

  test("one that answers too late", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    {
      using host = openSimulatedHost(agent.dir);
      host.setLatency({ list: 30_000 });
    }
    await writeFile(path.join(temp.path, "ghost.yaml"), specFor(agent.address));
    const result = await ghost(["plan"], { cwd: temp.path });
    assert.equal(result.code, 1);
    assert.match(result.stdout + result.stderr, /AGENT_TIMEOUT/);
  });

  test("two entries that reach one agent", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const link = path.join(temp.path, "other.sock");
    await import("node:fs/promises").then((fs) => fs.symlink(agent.address.slice("unix:".length), link));
    await writeFile(path.join(temp.path, "ghost.yaml"), specFor(agent.address, `, twin: { address: "unix:${link}" }`));
    const result = await ghost(["plan", "--json"], { cwd: temp.path });
    assert.equal(result.code, 1);
    assert.match(result.stdout, /AGENT_DUPLICATE/);
  });

  test("more than the agent has is found by the plan", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    await writeFile(
      path.join(temp.path, "ghost.yaml"),
      specFor(agent.address).replace("image: debian-12", "image: debian-12, ram_gb: 4000"),
    );
    const result = await ghost(["plan"], { cwd: temp.path });
    assert.equal(result.code, 1);
    assert.match(result.stdout + result.stderr, /HOST_OUT_OF_MEMORY[^]*short/);
  });

  test("a full disk fails its step, says so, and loses nothing", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    await writeFile(path.join(temp.path, "ghost.yaml"), specFor(agent.address));
    const told = await ghost(["agent", "sim", "fault", "desk", "createDisk", "--error", "disk-full", "--times", "1", "--dir", agent.dir]);
    assert.equal(told.code, 0, told.stderr);
    const failed = await ghost(["apply", "--yes"], { cwd: temp.path });
    assert.equal(failed.code, 1);
    assert.match(failed.stdout + failed.stderr, /HOST_OUT_OF_DISK/);
    const again = await ghost(["apply", "--yes"], { cwd: temp.path });
    assert.equal(again.code, 0, again.stderr);
  });
});

suite("surroundings", () => {
  test("a home that cannot be written and a closed stdin are fine", async () => {
    await using temp = await tempFolder();
    const home = path.join(temp.path, "home");
    await mkdir(home);
    await chmod(home, 0o500);
    await writeFile(path.join(temp.path, "ghost.yaml"), `${HEAD}vms: { web: ${VM} }\n`);
    const env = { HOME: home, XDG_CACHE_HOME: path.join(home, "cache") };
    const applied = await ghost(["apply", "--yes"], { cwd: temp.path, env });
    assert.equal(applied.code, 0, applied.stderr);
    await ghost(["agent", "stop"], { cwd: temp.path, env });
  });

  test("a plan file that cannot be written leaves what was there", async () => {
    await using temp = await tempFolder();
    await writeFile(path.join(temp.path, "ghost.yaml"), `${HEAD}vms: { web: ${VM} }\n`);
    const result = await ghost(["plan", "--out", path.join(temp.path, "no/such/folder/plan.json")], { cwd: temp.path });
    assert.equal(result.code, 1);
    assert.match(result.stderr + result.stdout, /FILE_NOT_WRITABLE/);
    await ghost(["agent", "stop"], { cwd: temp.path });
  });
});
