import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { loadAgentConfig } from "@ghost/agent/run";
import { golden } from "../../../test/support/golden.ts";
import { ghost } from "../testing/command-line.ts";
import type { Ran } from "../testing/command-line.ts";
import { AGENT_YAML } from "./agent-yaml.ts";
import { unitText } from "./unit.ts";

const UNIT = "etc/systemd/system/ghost-agent.service";

async function tempRoot(t: TestContext): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), "ghost-install-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  return root;
}

async function install(root: string, ...more: readonly string[]): Promise<Ran> {
  const ran = await ghost(["agent", "install", "--root", root, ...more], { cwd: root });
  assert.equal(ran.code, 0, ran.stderr);
  for (const [, file = ""] of (ran.stdout + ran.stderr).matchAll(/^(\/\S+) (?:written|made)\.$/gm))
    assert.ok(file.startsWith(root) && existsSync(file), file);
  return ran;
}

suite("the unit", () => {
  const sample = {
    command: ["/usr/bin/node", "/usr/lib/ghost/ghost.mjs"],
    configPath: "/etc/ghost/agent.yaml",
    writable: ["/var/lib/ghost", "/srv/my images"],
  };
  test("is as its golden file says", (t) => golden(t, import.meta.url, "ghost-agent.service", unitText(sample)));

  for (const [name, word, want] of [
    ["a space", "/opt/my node", '"/opt/my node"'],
    ["what systemd puts values in for", "/opt/100%/$HOME", '"/opt/100%%/$$HOME"'],
    ["quotes", '/opt/"a"\\b', '"/opt/\\"a\\"\\\\b"'],
  ] as const) {
    test(`names a program with ${name}`, () => {
      assert.ok(unitText({ ...sample, command: [word] }).includes(`\nExecStart=${want} agent run --config /etc/ghost/agent.yaml\n`));
    });
  }

  const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test("is taken by systemd", { skip: analyze ? false : "systemd-analyze is not installed" }, async (t) => {
    const root = await tempRoot(t);
    const file = path.join(root, "ghost-agent.service");
    await writeFile(file, unitText({ ...sample, command: [process.execPath, "/usr/lib/ghost/ghost.mjs"] }));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    // It reads the system's other units too, and says what it thinks of them.
    assert.equal(stderr.includes("ghost-agent.service"), false, stderr);
    assert.equal(status, 0, stderr);
    const report = execFileSync("systemd-analyze", ["security", "--offline=true", file], { encoding: "utf8" });
    const [, exposure = "10"] = /exposure level for ghost-agent\.service: ([\d.]+)/.exec(report) ?? [];
    assert.ok(Number(exposure) < 3.5, report);
  });
});

test("the agent.yaml that is written is taken as it is", async (t) => {
  const root = await tempRoot(t);
  const file = path.join(root, "agent.yaml");
  await writeFile(file, AGENT_YAML);
  const { config, warnings } = await loadAgentConfig(file, {});
  assert.deepEqual(warnings, []);
  assert.deepEqual(config.grpc, { address: "unix:/run/ghost/agent.sock", socketGroup: "libvirt" });
  assert.equal(config.hypervisor, "libvirt");
  assert.deepEqual(config.libvirt, { uri: "qemu:///system", network: "default", imageCache: "/var/lib/ghost/images", mirrors: [] });
});

suite("ghost agent install", () => {
  test("writes service, configuration and folder, and nothing when it is done again", async (t) => {
    const root = await tempRoot(t);
    const first = await install(root);
    assert.equal(first.stdout, "sudo systemctl daemon-reload\nsudo systemctl enable --now ghost-agent\nsudo ghost agent doctor\n");
    const modes = await Promise.all(
      [UNIT, "etc/ghost/agent.yaml", "var/lib/ghost"].map(async (name) => (await stat(path.join(root, name))).mode & 0o777),
    );
    assert.deepEqual(modes, [0o644, 0o640, 0o711]);
    const unit = await readFile(path.join(root, UNIT), "utf8");
    assert.match(
      unit,
      new RegExp(`\\nExecStart=${process.execPath.replaceAll(/[.+]/g, "\\$&")} .* agent run --config /etc/ghost/agent\\.yaml\\n`),
    );
    assert.match(unit, /\nReadWritePaths=-\/var\/lib\/ghost\n/);
    const again = await install(root, "--json");
    assert.deepEqual(
      again.events.map(({ type, outcome, made }) => [type, outcome ?? made]),
      [
        ["file", "unchanged"],
        ["file", "kept"],
        ["folder", false],
      ],
    );
  });

  test("leaves an agent.yaml alone, and makes the folders that it names", async (t) => {
    const root = await tempRoot(t);
    await mkdir(path.join(root, "etc/ghost"), { recursive: true });
    const file = path.join(root, "etc/ghost/agent.yaml");
    const text =
      "data_dir: /srv/vms\nlibvirt: { image_cache: /big/images, storage_pool: default }\nlogging: { output: file, file: /var/log/ghost/a.log }\n";
    await writeFile(file, text);
    await install(root);
    assert.equal(await readFile(file, "utf8"), text);
    assert.match(
      await readFile(path.join(root, UNIT), "utf8"),
      /\nReadWritePaths=-\/srv\/vms -\/big\/images -\/var\/log\/ghost -\/var\/lib\/libvirt\/images\n/,
    );
    for (const folder of ["srv/vms", "big/images"]) assert.equal((await stat(path.join(root, folder))).mode & 0o777, 0o711);
  });

  test("refuses to install over an agent.yaml that is wrong", async (t) => {
    const root = await tempRoot(t);
    await mkdir(path.join(root, "etc/ghost"), { recursive: true });
    await writeFile(path.join(root, "etc/ghost/agent.yaml"), "grcp: {}\n");
    const ran = await ghost(["agent", "install", "--root", root], { cwd: root });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /has no key "grcp"/);
    await assert.rejects(stat(path.join(root, UNIT)));
  });

  test("--dry-run prints and writes nothing; --uninstall takes the service alone", async (t) => {
    const root = await tempRoot(t);
    const told = await install(root, "--dry-run");
    assert.match(told.stdout, /^# \/etc\/systemd\/system\/ghost-agent\.service\n[^]*\n# \/etc\/ghost\/agent\.yaml\n/);
    await assert.rejects(stat(path.join(root, "etc")));
    await install(root);
    const gone = await install(root, "--uninstall");
    assert.equal(gone.stdout, "sudo systemctl stop ghost-agent\nsudo systemctl disable ghost-agent\n");
    await assert.rejects(stat(path.join(root, UNIT)));
    assert.ok((await stat(path.join(root, "etc/ghost/agent.yaml"))).isFile());
  });

  test("ends, where no folder can be made at all", async (t) => {
    const cwd = await tempRoot(t);
    // In a process of its own, since what never ends holds a whole process up.
    const bin = path.join(import.meta.dirname, "../../bin/ghost.js");
    const options = { cwd, encoding: "utf8", timeout: 20_000, killSignal: "SIGKILL" } as const;
    const ran = spawnSync(process.execPath, [bin, "agent", "install", "--root", "/proc"], options);
    assert.equal(ran.status, 1, `${ran.signal} ${ran.stderr}`);
    assert.match(ran.stderr, /FILE_NOT_WRITABLE[^]*\/proc\/etc\/systemd[^]*Look at that path/);
  });

  test("says how, where it may not write", async (t) => {
    const folder = await tempRoot(t);
    await chmod(folder, 0o500);
    // Root may write everywhere but into what the kernel tells.
    const root = process.getuid?.() === 0 ? "/sys/kernel" : folder;
    const ran = await ghost(["agent", "install", "--root", root], { cwd: folder });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /FILE_NOT_WRITABLE[^]*sudo ghost agent install/);
  });
});
