/** What `npm run release` makes, used as its users would: by terraform, by npm, by sha256sum. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { unzipSync } from "fflate";
import { PROVIDER_HOST, PROVIDER_NAME, PROVIDER_NAMESPACE, PROVIDER_SOURCE } from "@ghost/schemas";
import { providerPlatform } from "../../cli/src/provider/package.ts";
import { explain, terraform } from "./support/terraform.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PLATFORM = providerPlatform(process.platform, process.arch);
const { version: VERSION } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };
const PREFIX = `terraform-provider-${PROVIDER_NAME}_${VERSION}`;

const scratch = mkdtempSync(path.join(tmpdir(), "ghost-release-"));
const [first, second, prefix] = ["first", "second", "npm"].map((name) => path.join(scratch, name)) as [string, string, string];
/** This Node first, as on a machine where Ghost is used. */
const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`;
const env = {
  ...process.env,
  PATH,
  HOME: path.join(scratch, "home"),
  XDG_CACHE_HOME: path.join(scratch, "cache"),
  GHOST_NODE: "",
  NODE_OPTIONS: "",
};

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: scratch, env: { ...env, ...more }, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

function release(out: string, ...flags: readonly string[]): void {
  const { code, stdout, stderr } = run(process.execPath, [
    ...process.execArgv.filter((arg) => !arg.startsWith("--test")),
    path.join(ROOT, "scripts/release.ts"),
    "--out",
    out,
    ...flags,
  ]);
  assert.equal(code, 0, stdout + stderr);
}

before(() => {
  mkdirSync(env.HOME);
  release(first);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A mirror of one package, and terraform over it. */
async function initWith(
  name: string,
  place: (mirror: string) => void,
): Promise<{ readonly hashes: string; readonly validate: (more?: NodeJS.ProcessEnv) => Promise<string> }> {
  const dir = path.join(scratch, name);
  const mirror = path.join(dir, "mirror");
  mkdirSync(mirror, { recursive: true });
  place(mirror);
  writeFileSync(path.join(dir, "terraform.rc"), `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
  cpSync(path.join(ROOT, "examples/terraform/quickstart/main.tf"), path.join(dir, "main.tf"));
  const surroundings = (more: NodeJS.ProcessEnv = {}): Parameters<typeof terraform>[1] => ({
    dir,
    env: { TF_CLI_CONFIG_FILE: path.join(dir, "terraform.rc"), PATH, XDG_CACHE_HOME: env.XDG_CACHE_HOME, ...more },
  });
  const init = await terraform(["init", "-no-color"], surroundings());
  assert.equal(init.code, 0, explain(init, surroundings()));
  return {
    hashes: /h1:[\w+/=]+/.exec(readFileSync(path.join(dir, ".terraform.lock.hcl"), "utf8"))?.[0] ?? "",
    async validate(more) {
      const outcome = await terraform(["validate", "-no-color"], surroundings(more));
      return outcome.stdout + outcome.stderr;
    },
  };
}

function inMirror(mirror: string, ...names: readonly string[]): string {
  return path.join(mirror, PROVIDER_HOST, PROVIDER_NAMESPACE, PROVIDER_NAME, ...names);
}

/** A zip as it is, named as a mirror has it. */
function packed(zip: string): (mirror: string) => void {
  return (mirror) => {
    mkdirSync(inMirror(mirror), { recursive: true });
    cpSync(path.join(first, zip), inMirror(mirror, `${PREFIX}_${PLATFORM}.zip`));
  };
}

const bin = (program: string): string => path.join(prefix, "bin", program);

suite("release", () => {
  test("a second one has the same bytes, but for the standalone executable", () => {
    release(second, "--no-standalone");
    const names = readdirSync(second).filter((name) => name !== `ghost_${VERSION}_SHA256SUMS`);
    assert.deepEqual(
      names.toSorted(),
      readdirSync(first)
        .filter((name) => !name.includes("standalone") && name !== `ghost_${VERSION}_SHA256SUMS`)
        .toSorted(),
    );
    for (const name of names) assert.ok(readFileSync(path.join(first, name)).equals(readFileSync(path.join(second, name))), name);
  });

  test("sha256sum finds every file as it should be", () => {
    const summed = new Set<string>();
    for (const file of [`${PREFIX}_SHA256SUMS`, `ghost_${VERSION}_SHA256SUMS`]) {
      for (const line of readFileSync(path.join(first, file), "utf8").trimEnd().split("\n")) {
        const [, hash, name = ""] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
        assert.equal(
          createHash("sha256")
            .update(readFileSync(path.join(first, name)))
            .digest("hex"),
          hash,
          line,
        );
        summed.add(name);
      }
    }
    assert.deepEqual(
      [...summed].toSorted(),
      readdirSync(first)
        .filter((name) => !name.endsWith("SHA256SUMS"))
        .toSorted(),
    );
  });

  test("what a registry takes is there, and nothing else has its names", () => {
    const platforms = ["linux", "darwin", "windows"].flatMap((os) => ["amd64", "arm64"].map((arch) => `${os}_${arch}`));
    const sums = readFileSync(path.join(first, `${PREFIX}_SHA256SUMS`), "utf8");
    assert.deepEqual(
      [...sums.matchAll(/\S+$/gm)].map(([name]) => name),
      [...platforms.map((platform) => `${PREFIX}_${platform}.zip`), `${PREFIX}_manifest.json`].toSorted(),
    );
    assert.deepEqual(JSON.parse(readFileSync(path.join(first, `${PREFIX}_manifest.json`), "utf8")), {
      version: 1,
      metadata: { protocol_versions: ["6.0"] },
    });
  });

  for (const [os, launcher] of [
    ["linux", `terraform-provider-ghost_v${VERSION}`],
    ["darwin", `terraform-provider-ghost_v${VERSION}`],
    ["windows", `terraform-provider-ghost_v${VERSION}.bat`],
  ] as const) {
    test(`a zip for ${os} has the launcher, the bundle and the licences`, () => {
      const files = unzipSync(readFileSync(path.join(first, `${PREFIX}_${os}_amd64.zip`)));
      assert.deepEqual(Object.keys(files).toSorted(), ["LICENSE", "THIRD-PARTY-NOTICES.txt", "provider.cjs", "start.cjs", launcher]);
      const notices = Buffer.from(files["THIRD-PARTY-NOTICES.txt"] ?? []).toString();
      for (const name of ["@grpc/grpc-js", "@msgpack/msgpack", "yaml"]) assert.ok(notices.includes(`\n${name} `), name);
    });
  }

  test("the bill of materials names what is bundled, and no place that it came from", () => {
    const text = readFileSync(path.join(first, `ghost_${VERSION}_sbom.cdx.json`), "utf8");
    const { components } = JSON.parse(text) as { components: readonly { readonly "bom-ref": string }[] };
    const refs = new Set(components.map((component) => component["bom-ref"]));
    const { stdout } = run("tar", ["xzOf", path.join(first, `ghost-cli-${VERSION}.tgz`), "package/THIRD-PARTY-NOTICES.txt"]);
    const notices = [...stdout.matchAll(/^={80}\n\n(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name}@${version}`);
    assert.ok(notices.length > 20);
    for (const ref of notices) assert.ok(refs.has(ref), ref);
    assert.doesNotMatch(text, /registry|"distribution"|\.tgz/);
  });
});

suite("the provider's packages", { skip: PLATFORM === undefined ? "there is none for this platform" : false }, () => {
  test("terraform takes the zip out of a mirror and runs it", async () => {
    const { validate, hashes } = await initWith("packed", packed(`${PREFIX}_${PLATFORM}.zip`));
    assert.match(await validate(), /Success!/);
    assert.match(hashes, /^h1:/);
  });

  test("a missing Node, and an old one, are told where people see it", async () => {
    const { validate } = await initWith("old-node", packed(`${PREFIX}_${PLATFORM}.zip`));
    assert.match(
      (await validate({ GHOST_NODE: "/no/such/node" })).replaceAll(/\s+/g, " "),
      /needs Node 24 or newer, and there is no "\/no\/such\/node"/,
    );
    // An old Node is one whose version says so.
    const old = path.join(scratch, "old.cjs");
    writeFileSync(old, 'Object.defineProperty(process.versions, "node", { value: "20.1.0" });');
    const outcome = await validate({ NODE_OPTIONS: `--require=${old}` });
    assert.match(outcome.replaceAll(/\s+/g, " "), /the Ghost provider needs Node 24 or newer/);
  });

  test("the standalone executable needs no Node", async () => {
    const { validate } = await initWith("standalone", packed(`${PREFIX}_${PLATFORM}_standalone.zip`));
    assert.match(await validate({ PATH: "/usr/local/bin:/bin", GHOST_NODE: "/no/such/node" }), /Success!/);
  });
});

suite("the npm package", () => {
  before(() => {
    const { code, stderr } = run("npm", [
      "install",
      "--global",
      "--offline",
      "--prefix",
      prefix,
      path.join(first, `ghost-cli-${VERSION}.tgz`),
    ]);
    assert.equal(code, 0, stderr);
  });

  for (const program of ["ghost", "ghostctl"]) {
    test(`${program} works`, () => {
      assert.equal(run(bin(program), ["version"]).stdout.split(" ").slice(0, 2).join(" "), `${program} ${VERSION}`);
      assert.equal(run(bin(program), ["--help"]).code, 0);
    });
  }

  test("a stack is planned and applied on an embedded agent, which is of the package too", () => {
    const spec = path.join(scratch, "lab/ghost.yaml");
    assert.equal(run(bin("ghost"), ["init", "lab"]).code, 0);
    const applied = run(bin("ghost"), ["apply", "--yes", "-f", spec]);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(run(bin("ghost"), ["plan", "--detailed-exitcode", "-f", spec]).code, 0);
    assert.equal(run(bin("ghost"), ["agent", "stop", "-f", spec]).code, 0);
  });

  test("ghost provider install puts the zip's very bytes where terraform looks", async () => {
    const installed = run(bin("ghost"), ["provider", "install"]);
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, new RegExp(`source  = "${PROVIDER_SOURCE}"\n      version = "${VERSION}"`));
    assert.match(installed.stderr, /is installed: /);
    const plugins = path.join(env.HOME, ".terraform.d/plugins");
    const { hashes, validate } = await initWith("installed", (mirror) => cpSync(plugins, mirror, { recursive: true }));
    assert.match(await validate(), /Success!/);
    const fromZip = await initWith("packed-again", packed(`${PREFIX}_${PLATFORM}.zip`));
    assert.equal(hashes, fromZip.hashes);
  });

  test("terraform finds it in the home by itself, with the configuration that was printed", async () => {
    const dir = path.join(scratch, "by-itself");
    mkdirSync(dir);
    writeFileSync(path.join(dir, "main.tf"), run(bin("ghost"), ["provider", "install"]).stdout);
    const surroundings = { dir, env: { PATH, HOME: env.HOME, XDG_CACHE_HOME: env.XDG_CACHE_HOME } };
    for (const args of [
      ["init", "-no-color"],
      ["validate", "-no-color"],
      ["fmt", "-check"],
    ]) {
      const outcome = await terraform(args, surroundings);
      assert.equal(outcome.code, 0, explain(outcome, surroundings));
    }
  });

  test("again it says so and does nothing, and another version stands beside it", () => {
    assert.match(run(bin("ghost"), ["provider", "install"]).stderr, /is installed already: /);
    assert.equal(run(bin("ghost"), ["provider", "install", "--version", "9.9.9-dev"]).code, 0);
    const versions = readdirSync(inMirror(path.join(env.HOME, ".terraform.d/plugins"))).toSorted();
    assert.deepEqual(versions, [VERSION, "9.9.9-dev"]);
    const [event] = run(bin("ghost"), ["provider", "install", "--json"]).stdout.trim().split("\n");
    assert.deepEqual((JSON.parse(event ?? "") as { outcome: string }).outcome, "present");
  });

  const refused: readonly (readonly [name: string, args: readonly string[], more: NodeJS.ProcessEnv, want: RegExp])[] = [
    ["a home that is no folder", [], { HOME: "/dev/null" }, /FILE_NOT_WRITABLE.*cannot be written.*Hint: Give --dir/s],
    ["no home", [], { HOME: undefined }, /HOME is not set/],
    ["a version that is none", ["--version", "latest"], {}, /"latest" is no version/],
  ];
  for (const [name, args, more, want] of refused) {
    test(`${name} is refused`, () => {
      const { code, stderr } = run(bin("ghost"), ["provider", "install", ...args], more);
      assert.deepEqual([code, want.test(stderr)], [1, true], stderr);
    });
  }

  test("where Terraform would not look, that is said", () => {
    const rc = path.join(scratch, "direct.rc");
    writeFileSync(rc, "provider_installation {\n  direct {}\n}\n");
    assert.match(run(bin("ghost"), ["provider", "install"], { TF_CLI_CONFIG_FILE: rc }).stderr, /Terraform will not look there/);
    const dir = run(bin("ghost"), ["provider", "install", "--dir", "own"]);
    assert.match(dir.stderr, /filesystem_mirror \{ path = "/);
    assert.ok(existsSync(inMirror(path.join(scratch, "own"), VERSION)));
  });

  test("where the PATH's node is another one, GHOST_NODE is advised", () => {
    const ofNpx = path.join(scratch, "node_modules/.bin");
    mkdirSync(ofNpx, { recursive: true });
    symlinkSync(process.execPath, path.join(ofNpx, "node"));
    for (const found of ["/nowhere", ofNpx]) {
      const { stderr } = run(process.execPath, [bin("ghost"), "provider", "install"], { PATH: found, GHOST_NODE: undefined });
      assert.match(stderr, new RegExp(`export GHOST_NODE=${process.execPath}`), found);
    }
    assert.doesNotMatch(run(bin("ghost"), ["provider", "install"], { GHOST_NODE: undefined }).stderr, /GHOST_NODE/);
  });
});

suite("the one-file program", () => {
  const file = path.join(first, `ghost-${VERSION}.mjs`);

  test("works under any name", () => {
    const spec = path.join(scratch, "one/ghost.yaml");
    const renamed = path.join(scratch, "gst.mjs");
    cpSync(file, renamed);
    assert.equal(run(process.execPath, [renamed, "init", "one"]).code, 0);
    assert.equal(run(process.execPath, [renamed, "plan", "-f", spec]).code, 0);
    assert.equal(run(process.execPath, [renamed, "agent", "stop", "-f", spec]).code, 0);
    assert.match(run(process.execPath, [renamed, "schema"]).stdout, /^ghost$/m);
  });

  test("says that the provider is not in it", () => {
    assert.match(run(process.execPath, [file, "provider", "install"]).stderr, /PROVIDER_MISSING.*npm package/s);
  });
});
