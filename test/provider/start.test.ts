/** provider/bin/start.cjs: a code cache in whatever state it is, and Nodes that are too old. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { suite, test } from "node:test";
import { tempFolder } from "../support/ghost.ts";

const BIN = path.resolve(import.meta.dirname, "../../provider/bin");
const PROGRAM =
  'const text = () => "\\u00e4 " + typeof require("node:os").hostname;\nprocess.stdout.write(text() + process.argv[2] + "\\n");\n';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** start.cjs beside a program of its own, and its cache. */
function openPackage(folder: string): {
  readonly code: string;
  readonly cacheFile: () => string;
  readonly run: (env?: NodeJS.ProcessEnv) => Ran;
} {
  const [bundle, cache] = [path.join(folder, "package"), path.join(folder, "cache")];
  mkdirSync(bundle);
  copyFileSync(path.join(BIN, "start.cjs"), path.join(bundle, "start.cjs"));
  writeFileSync(path.join(bundle, "provider.cjs"), PROGRAM);
  const code = path.join(cache, "ghost/code");
  return {
    code,
    cacheFile: () => path.join(code, readdirSync(code).find((name) => name.startsWith("provider-development")) ?? ""),
    run(env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(bundle, "start.cjs"), "X"], {
        env: { XDG_CACHE_HOME: cache, ...env },
        encoding: "utf8",
        timeout: 20_000,
      });
      assert.deepEqual(readdirSync(bundle).toSorted(), ["provider.cjs", "start.cjs"]);
      return { code: status, stdout, stderr };
    },
  };
}

const FINE: Ran = { code: 0, stdout: "ä functionX\n", stderr: "" };

suite("start.cjs", () => {
  test("the first run writes a cache for this user alone, and the second uses it as it is", async () => {
    await using temp = await tempFolder();
    const { run, cacheFile, code } = openPackage(temp.path);
    assert.deepEqual(run(), FINE);
    assert.deepEqual([statSync(code).mode & 0o777, statSync(cacheFile()).mode & 0o777], [0o700, 0o600]);
    const { ino } = statSync(cacheFile());
    assert.deepEqual(run(), FINE);
    assert.equal(statSync(cacheFile()).ino, ino);
    assert.equal(readdirSync(code).length, 1);
  });

  const damages: readonly (readonly [name: string, damage: (file: string) => void])[] = [
    ["empty", (file) => writeFileSync(file, "")],
    ["cut off", (file) => writeFileSync(file, readFileSync(file).subarray(0, -10))],
    [
      "changed in the middle",
      (file) => {
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1]! ^= 0xff;
        writeFileSync(file, bytes);
      },
    ],
  ];
  for (const [name, damage] of damages) {
    test(`a cache that is ${name} is not used, and written anew`, async () => {
      await using temp = await tempFolder();
      const { run, cacheFile } = openPackage(temp.path);
      run();
      const whole = readFileSync(cacheFile()).length;
      damage(cacheFile());
      const { ino } = statSync(cacheFile());
      assert.deepEqual(run(), FINE);
      assert.notEqual(statSync(cacheFile()).ino, ino);
      assert.equal(readFileSync(cacheFile()).length, whole);
    });
  }

  test("a cache that V8 wrote with other flags is refused by it, and written anew", async () => {
    await using temp = await tempFolder();
    const { run, cacheFile } = openPackage(temp.path);
    assert.deepEqual(run({ NODE_OPTIONS: "--max-semi-space-size=32 --jitless" }), FINE);
    const { ino } = statSync(cacheFile());
    assert.deepEqual(run(), FINE);
    assert.notEqual(statSync(cacheFile()).ino, ino);
  });

  test("what was not used for a month is removed when another is written", async () => {
    await using temp = await tempFolder();
    const { run, code } = openPackage(temp.path);
    mkdirSync(code, { recursive: true });
    const long = new Date(Date.now() - 40 * 24 * 3600 * 1000);
    for (const name of ["provider-old-v24.0.0-x64.bin", "provider-new-v24.0.0-x64.bin", "of-the-cli"])
      writeFileSync(path.join(code, name), "");
    for (const name of ["provider-old-v24.0.0-x64.bin", "of-the-cli"]) utimesSync(path.join(code, name), long, long);
    assert.deepEqual(run(), FINE);
    const left = readdirSync(code).toSorted();
    assert.deepEqual([left.length, left.includes("provider-old-v24.0.0-x64.bin")], [3, false]);
  });

  const homes: readonly (readonly [name: string, env: NodeJS.ProcessEnv])[] = [
    ["without a home", { XDG_CACHE_HOME: undefined }],
    ["with a home that cannot be written", { XDG_CACHE_HOME: "/proc/none" }],
    ["with a relative XDG_CACHE_HOME", { XDG_CACHE_HOME: "cache" }],
  ];
  for (const [name, env] of homes) {
    test(`${name} it runs without a cache`, async () => {
      await using temp = await tempFolder();
      const { run, code } = openPackage(temp.path);
      assert.deepEqual(run(env), FINE);
      assert.equal(existsSync(code), false);
    });
  }

  test("an older Node is told what is needed, and Terraform on its stdout too", async () => {
    await using temp = await tempFolder();
    const { run } = openPackage(temp.path);
    const old = path.join(temp.path, "old.cjs");
    writeFileSync(old, 'Object.defineProperty(process.versions, "node", { value: "20.1.0" });');
    const byHand = run({ NODE_OPTIONS: `--require=${old}` });
    assert.deepEqual([byHand.code, byHand.stdout], [1, ""]);
    assert.match(
      byHand.stderr,
      /^Error: the Ghost provider needs Node 24 or newer; this is v.* Install Node 24, or set GHOST_NODE to one\.\n$/,
    );
    assert.equal(run({ NODE_OPTIONS: `--require=${old}`, TF_PLUGIN_MAGIC_COOKIE: "x" }).stdout, byHand.stderr);
  });
});

suite("terraform-provider-ghost", () => {
  const launchers: readonly (readonly [name: string, env: NodeJS.ProcessEnv, want: Ran])[] = [
    ["GHOST_NODE", { GHOST_NODE: process.execPath, PATH: "/bin:/usr/bin" }, { ...FINE, stdout: "ä functionY\n" }],
    ["the node of the PATH", { PATH: `${path.dirname(process.execPath)}:/bin` }, { ...FINE, stdout: "ä functionY\n" }],
  ];
  for (const [name, env, want] of launchers) {
    test(`runs ${name}, from any folder and through a link`, async () => {
      await using temp = await tempFolder();
      openPackage(temp.path);
      const launcher = path.join(temp.path, "package/terraform-provider-ghost_v1.2.3");
      copyFileSync(path.join(BIN, "terraform-provider-ghost"), launcher);
      chmodSync(launcher, 0o755);
      const { status, stdout, stderr } = spawnSync(launcher, ["Y"], { cwd: "/", env, encoding: "utf8" });
      assert.deepEqual({ code: status, stdout, stderr }, want);
    });
  }
});
