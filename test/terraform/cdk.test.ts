/** The bindings of both CDKs: generated, packed, and stacks of them applied by the real terraform. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, suite, test } from "node:test";
import { PROVIDER_ADDRESS } from "@ghost/schemas";
import { makeBindings, presentBindings, providerSchema, STAMP } from "../../scripts/cdk/bindings.ts";
import { FRAMEWORKS, packageFolder } from "../../scripts/cdk/packages.ts";
import type { Framework } from "../../scripts/cdk/packages.ts";
import { tempFolder } from "../support/ghost.ts";
import { startAgent } from "./support/agents.ts";
import type { SimulatedAgent } from "./support/agents.ts";
import { compile, ensureBuilt, linkExample, requireOf, ROOT, run, synthesize } from "./support/cdk.ts";
import { mirrorEnvironment } from "./support/mirror.ts";
import { explain, terraform } from "./support/terraform.ts";
import type { Outcome } from "./support/terraform.ts";

/** Commands of terraform in the folder of a synthesized stack. */
class Stack {
  readonly #around: { readonly dir: string; readonly env: NodeJS.ProcessEnv };

  constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.#around = { dir, env };
  }

  async ok(...args: readonly string[]): Promise<Outcome> {
    const outcome = await terraform(args, this.#around);
    assert.equal(outcome.code, 0, explain(outcome, this.#around));
    return outcome;
  }

  async resources(): Promise<readonly string[]> {
    const { stdout } = await this.ok("state", "list");
    return stdout.trim().split("\n").toSorted();
  }
}

async function openStack(project: string, agent: SimulatedAgent): Promise<Stack> {
  const env = { ...(await mirrorEnvironment()), TF_VAR_desk: agent.address, TF_VAR_DATA_PASSWORD: "correct horse" };
  const stack = new Stack(path.join(project, "cdktf.out/stacks/shop"), env);
  await stack.ok("init", "-no-color");
  return stack;
}

test("the schema that the bindings are made from is what terraform itself prints", async () => {
  await using temp = await tempFolder();
  await writeFile(
    path.join(temp.path, "main.tf"),
    `terraform {\n  required_providers {\n    ghost = { source = "${PROVIDER_ADDRESS}" }\n  }\n}\n`,
  );
  const stack = new Stack(temp.path, await mirrorEnvironment());
  await stack.ok("init", "-no-color");
  const { stdout } = await stack.ok("providers", "schema", "-json");
  assert.deepEqual(providerSchema(), JSON.parse(stdout));
});

test("the examples of the two frameworks differ in the framework alone", async () => {
  const versions: Readonly<Record<Framework, string>> = { cdktf: "0.21.0", cdktn: "0.24.0" };
  for (const name of ["main.ts", "with-spec.ts", "ghost.yaml", "package.json", "tsconfig.json", "cdktf.json"]) {
    const read = async (framework: Framework): Promise<string> =>
      (await readFile(path.join(ROOT, "examples", framework, name), "utf8"))
        .replaceAll(`"${versions[framework]}"`, '"VERSION"')
        .replaceAll(framework, "cdk");
    assert.equal(await read("cdktn"), await read("cdktf"), name);
  }
});

for (const framework of FRAMEWORKS) {
  suite(framework, () => {
    test("the committed sources are what the generator makes", () => {
      const present = presentBindings(framework).filter(([name]) => name !== STAMP);
      assert.deepEqual(Object.fromEntries(present), Object.fromEntries(makeBindings(framework)));
    });

    test("the package, its lock file and the example have the provider's version", async () => {
      const read = async (file: string): Promise<Record<string, unknown>> =>
        JSON.parse(await readFile(path.join(ROOT, file), "utf8")) as Record<string, unknown>;
      const { version } = await read("provider/package.json");
      const own = await read(`${packageFolder(framework)}/package.json`);
      assert.equal(own["version"], version);
      assert.deepEqual(own[framework], { provider: { name: PROVIDER_ADDRESS, version } });
      assert.equal((await read(`${packageFolder(framework)}/package-lock.json`))["version"], version);
      const { dependencies } = await read(`examples/${framework}/package.json`);
      assert.equal((dependencies as Record<string, unknown>)[`@ghost/${framework}-provider`], version);
    });

    test("the package has what published bindings have, and no more", async () => {
      await ensureBuilt(framework);
      const { code, stdout, stderr } = await run(
        "npm",
        ["pack", "--dry-run", "--json", "--ignore-scripts"],
        path.join(ROOT, packageFolder(framework)),
      );
      assert.equal(code, 0, stderr);
      const [packed] = JSON.parse(stdout) as readonly { readonly name: string; readonly files: readonly { readonly path: string }[] }[];
      const names = packed?.files.map((file) => file.path) ?? [];
      assert.equal(packed?.name, `@ghost/${framework}-provider`);
      const other = names.filter((name) => !/^lib\/(?:[\w-]+\/)?[\w-]+(?:\.js|\.d\.ts)$/.test(name));
      assert.deepEqual(other.toSorted(), ["LICENSE", "README.md", "THIRD-PARTY-NOTICES.txt", "package.json"]);
      const sources = presentBindings(framework).filter(([name]) => name.endsWith(".ts"));
      const compiled = sources.flatMap(([name]) => [".js", ".d.ts"].map((end) => `lib/${name.replace(/\.ts$/, end)}`));
      assert.deepEqual(names.filter((name) => name.startsWith("lib/")).toSorted(), [...compiled, "lib/ghost-spec/read-spec.js"].toSorted());

      const load = await requireOf(framework);
      const index = load(path.join(ROOT, packageFolder(framework))) as Readonly<Record<string, object>>;
      assert.deepEqual(
        ["agent", "dataGhostVm", "ghostSpec", "provider", "template", "vm"].filter((name) => !(name in index)),
        [],
      );
    });

    for (const program of ["main.js", "with-spec.js"]) {
      test(`${program} of the example: checked, synthesized, applied, nothing left to plan, destroyed`, async () => {
        await using temp = await tempFolder();
        await using agent = await startAgent("desk", path.join(temp.path, "agent"));
        const project = path.join(temp.path, "project");
        await linkExample(framework, project);
        await compile(project);
        const synthesis = await synthesize(project, program, { GHOST_VAR_desk: agent.address });
        assert.equal(synthesis.code, 0, synthesis.stderr);
        assert.doesNotMatch(JSON.stringify(synthesis), /correct horse/);

        const stack = await openStack(project, agent);
        await stack.ok("apply", "-auto-approve", "-json");
        await stack.ok("plan", "-detailed-exitcode", "-json");
        assert.deepEqual(agent.names(), ["data", "web-1", "web-2"]);
        assert.deepEqual(agent.passwords, { data: "correct horse" });
        assert.equal(agent.host.findDomain("data")?.live.disks["content"]?.sizeGb, 100);
        assert.deepEqual(await stack.resources(), ["ghost_vm.data", "ghost_vm.web-1", "ghost_vm.web-2"]);

        await stack.ok("destroy", "-auto-approve", "-json");
        assert.deepEqual(agent.names(), []);
      });
    }
  });
}

interface GhostSpecClass {
  new (scope: unknown, id: string, config: Readonly<Record<string, unknown>>): GhostSpecObject;
}

interface GhostSpecObject {
  readonly vmNames: readonly string[];
  vm(name: string): { addOverride(path: string, value: unknown): void };
  agent(name: string): unknown;
}

interface CdkClasses {
  readonly Testing: { synth(stack: unknown): string };
  readonly App: new (config: object) => { synth(): void };
  readonly TerraformStack: new (app: unknown, id: string) => unknown;
  readonly TerraformVariable: new (scope: unknown, id: string, config: object) => unknown;
}

interface Synthesized {
  readonly provider?: { readonly ghost: readonly Readonly<Record<string, unknown>>[] };
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly variable?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly moved?: readonly unknown[];
}

const SPEC = `ghost: 1
stack: shop
agents: { desk: { address: "desk:9090" } }
`;

for (const framework of FRAMEWORKS) {
  suite(`GhostSpec of ${framework}`, async () => {
    const load = await requireOf(framework);
    const cdk = load(framework) as CdkClasses;
    const { GhostSpec } = load("./lib/ghost-spec") as { readonly GhostSpec: GhostSpecClass };
    const { GhostProvider } = load("./lib/provider") as {
      readonly GhostProvider: new (scope: unknown, id: string, config: object) => unknown;
    };
    const { Vm } = load("./lib/vm") as { readonly Vm: new (scope: unknown, id: string, config: object) => unknown };

    // An app makes its folder, whether or not anything is written.
    const outdir = await mkdtemp(path.join(tmpdir(), "ghost-cdk-"));
    after(() => rm(outdir, { recursive: true }));
    const stack = (): unknown => new cdk.TerraformStack(new cdk.App({ outdir }), "stack");
    const synth = (of: unknown): Synthesized => JSON.parse(cdk.Testing.synth(of)) as Synthesized;
    const made = (text: string, config: Readonly<Record<string, unknown>> = {}): Synthesized => {
      const scope = stack();
      new GhostSpec(scope, "spec", { text, ...config });
      return synth(scope);
    };

    test("carries every attribute of a VM", () => {
      const values: Readonly<Record<string, unknown>> = {
        agent: "desk",
        image: "debian-12",
        image_on_change: "recreate",
        vcpu: 2,
        vcpu_max: 4,
        ram_gb: 2,
        ram_max_gb: 4,
        disk_gb: 20,
        disks: { data: { size_gb: 5 } },
        networks: { lan: { bridge: "br0" }, wan: { network: "default" } },
        power: "stopped",
        autostart: false,
        firmware: "uefi",
        machine: "pc",
        accel: "tcg",
        protect: true,
        adopt: true,
        cloud_init: { packages: ["nginx"], user_data: "#cloud-config\n", network_config: "version: 2\n" },
        cloud_init_on_change: "recreate",
        ssh_keys: ["ssh-ed25519 AAAA me"],
        labels: { some_key: "x" },
        metadata: { "a/b": "y" },
        disruption: { allow: "restart" },
        wait_for: "ip",
        wait_timeout_s: 30,
        stop_timeout_s: 5,
        on_remove: "retain",
      };
      const digest = "0".repeat(64);
      const images = {
        url: { image_url: "https://example.org/x.qcow2", image_sha256: digest },
        path: { image_path: "/x.qcow2", image_sha256: digest },
      };
      const { image: _, ...rest } = values;
      const text = `${SPEC}vms: ${JSON.stringify({ all: values, url: { ...rest, ...images.url }, path: { ...rest, ...images.path } })}\n`;
      const { ghost_vm: vms } = made(text).resource ?? {};
      const wanted = (name: string, more: object): object => ({ ...(name === "all" ? values : rest), ...more, name, provider: "ghost" });
      assert.deepEqual(vms, { all: wanted("all", {}), url: wanted("url", images.url), path: wanted("path", images.path) });

      // The secret is tested below; a template and timeouts are Terraform's own.
      const known = new Set([...Object.keys(values), ...Object.keys(images.url), "image_path", "name", "template", "timeouts"]);
      const attributes = Object.entries(
        providerSchema().provider_schemas[PROVIDER_ADDRESS]?.resource_schemas?.["ghost_vm"]?.block.attributes ?? {},
      );
      assert.deepEqual(
        attributes.filter(([name, { required, optional }]) => (required ?? optional) === true && !known.has(name)),
        [],
        "an attribute that this test does not know",
      );
    });

    test("makes the provider, the settings of agents, and an order of what depends on what", () => {
      const { provider, resource } = made(
        `ghost: 1
stack: shop
agents:
  desk: { address: "desk:9090", timeout_s: 5, tls: { ca: /ca.pem, server_name: desk }, settings: { reserved_vcpu: 2, labels: { some_room: a } } }
  rack: { address: "rack:9090" }
vms:
  web: { agent: desk, image: debian-12, replicas: 2, depends_on: [db] }
  db: { agent: rack, image: debian-12 }
  last: { agent: rack, image: debian-12, depends_on: [web] }
`,
        { maxImpact: "live" },
      );
      assert.deepEqual(provider?.ghost, [
        {
          stack: "shop",
          max_impact: "live",
          agents: {
            desk: { address: "desk:9090", timeout_s: 5, tls: { ca: "/ca.pem", server_name: "desk" } },
            rack: { address: "rack:9090" },
          },
        },
      ]);
      assert.deepEqual(resource?.["ghost_agent"], {
        desk: { name: "desk", provider: "ghost", settings: { reserved_vcpu: 2, labels: { some_room: "a" } } },
      });
      const orders = Object.entries(resource?.["ghost_vm"] ?? {}).map(([name, { depends_on: order }]) => [name, order]);
      assert.deepEqual(Object.fromEntries(orders), {
        "web-1": ["ghost_vm.db"],
        "web-2": ["ghost_vm.db"],
        db: undefined,
        last: ["ghost_vm.web-1", "ghost_vm.web-2"],
      });
    });

    test("takes a secret from a variable that nothing stores, or from where it is told", () => {
      const vm = (reference: string): object => ({
        agent: "desk",
        image: "debian-12",
        cloud_init: { password: { secret: reference, version: 3 } },
      });
      const text = `${SPEC}vms: ${JSON.stringify({ a: vm("env:A_WORD"), b: vm("env:A_WORD"), c: vm("file:/run/secrets/c.txt") })}\n`;
      const { resource, variable } = made(text);
      assert.deepEqual(
        Object.values(resource?.["ghost_vm"] ?? {}).map((each) => each["cloud_init"]),
        ["A_WORD", "A_WORD", "c_txt"].map((name) => ({ password_wo: `\${var.${name}}`, password_wo_version: 3 })),
      );
      assert.deepEqual(variable, {
        A_WORD: { type: "string", sensitive: true, ephemeral: true, description: "The secret env:A_WORD of the Ghost spec." },
        c_txt: { type: "string", sensitive: true, ephemeral: true, description: "The secret file:/run/secrets/c.txt of the Ghost spec." },
      });

      const scope = stack();
      new cdk.TerraformVariable(scope, "A_WORD", { type: "string" });
      new GhostSpec(scope, "spec", { text, secret: (reference: string) => (reference.startsWith("file:") ? "told" : undefined) });
      const told = synth(scope);
      assert.deepEqual(told.variable, { A_WORD: { type: "string" } });
      assert.deepEqual(told.resource?.["ghost_vm"]?.["c"]?.["cloud_init"], { password_wo: "told", password_wo_version: 3 });

      const same = `${SPEC}vms: ${JSON.stringify({ a: vm("file:/a/word"), b: vm("file:/b/word") })}\n`;
      assert.throws(() => made(same), /The secrets file:\/a\/word and file:\/b\/word would both be the variable word/);
    });

    test("tells Terraform of former names", () => {
      const { moved } = made(`${SPEC}vms: { now: { agent: desk, image: debian-12, previous_names: [once, before] } }\n`);
      assert.deepEqual(moved, [
        { from: "ghost_vm.once", to: "ghost_vm.before" },
        { from: "ghost_vm.before", to: "ghost_vm.now" },
      ]);
    });

    test("gives its resources away for what a spec cannot say", () => {
      const scope = stack();
      const spec = new GhostSpec(scope, "spec", { text: `${SPEC}vms: { a: { agent: desk, image: debian-12 } }\n` });
      assert.deepEqual(spec.vmNames, ["a"]);
      spec.vm("a").addOverride("timeouts.create", "30m");
      assert.deepEqual(synth(scope).resource?.["ghost_vm"]?.["a"]?.["timeouts"], { create: "30m" });
      assert.throws(() => spec.vm("b"), /The spec has no VM "b"; there are a\./);
      assert.throws(() => spec.agent("desk"), /The spec has no agent with settings "desk"; there are none\./);
    });

    test("takes a provider that is there, when it is the spec's", () => {
      const text = `${SPEC}vms: { a: { agent: desk, image: debian-12 } }\n`;
      const use = (config: object, refused?: RegExp): void => {
        const scope = stack();
        const provider = new GhostProvider(scope, "ghost", config);
        const make = (): unknown => new GhostSpec(scope, "spec", { text, provider });
        if (refused !== undefined) return assert.throws(make, refused);
        make();
        assert.equal(synth(scope).provider?.ghost.length, 1);
      };
      use({ stack: "shop", agents: { desk: { address: "other:9090" } } });
      use({ stack: "other", agents: { desk: { address: "x:1" } } }, /is of the stack "other", and the spec of "shop"/);
      use({ stack: "shop", agents: { rack: { address: "x:1" } } }, /has no agent "desk", which the spec names/);
    });

    test("refuses what Terraform would take for one and the same", () => {
      const text = `${SPEC}vms: { a: { agent: desk, image: debian-12 } }\n`;
      const scope = stack();
      const provider = new GhostProvider(scope, "ghost", { stack: "shop", agents: { desk: { address: "x:1" } } });
      assert.throws(() => new GhostSpec(scope, "one", { text }), /has a ghost provider already \(stack\/ghost\)/);
      new Vm(scope, "a", { name: "a", agent: "desk" });
      assert.throws(() => new GhostSpec(scope, "two", { text, provider }), /has the resource ghost_vm\.a already \(stack\/a\)/);
    });

    test("tells what is wrong with a spec, with its line and a caret", () => {
      assert.throws(() => made(`${SPEC}vms: { a: { agent: dsk, image: debian-12 } }\n`), {
        name: "SpecError",
        message: /  <text>:4:20\n  4 \| vms: \{ a: \{ agent: dsk, .*\n    \|                    \^\n  There is no agent "dsk"/,
      });
    });
  });
}

test("what a spec renames and sets, Terraform renames and sets", async () => {
  const load = await requireOf("cdktn");
  const { App, TerraformStack } = load("cdktn") as CdkClasses;
  const { GhostSpec } = load("./lib/ghost-spec") as { readonly GhostSpec: GhostSpecClass };
  await using temp = await tempFolder();
  await using agent = await startAgent("desk", path.join(temp.path, "agent"));
  const outdir = path.join(temp.path, "cdktf.out");
  const stack = new Stack(path.join(outdir, "stacks/shop"), await mirrorEnvironment());
  const apply = async (rest: string): Promise<Outcome> => {
    const app = new App({ outdir });
    const text = `ghost: 1\nstack: shop\nagents: { desk: { address: "${agent.address}", settings: { reserved_vcpu: 2 } } }\n${rest}\n`;
    const scope = new TerraformStack(app, "shop");
    new GhostSpec(scope, "spec", { text });
    // The backend's default is beside the program.
    (scope as { addOverride(at: string, value: unknown): void }).addOverride("terraform.backend.local.path", path.join(temp.path, "state"));
    app.synth();
    await stack.ok("init", "-no-color");
    const applied = await stack.ok("apply", "-auto-approve", "-json");
    await stack.ok("plan", "-detailed-exitcode", "-json");
    return applied;
  };
  const vm = "agent: desk, image: debian-12";

  const created = await apply(`vms: { web: { ${vm} } }`);
  assert.deepEqual(created.changes, { "ghost_agent.desk": "create", "ghost_vm.web": "create" });
  const uid = agent.host.findDomain("web")?.uid;
  await apply(`vms: { web: { ${vm}, replicas: 2, previous_names: [web] } }`);
  assert.deepEqual(agent.names(), ["web-1", "web-2"]);
  assert.equal(agent.host.findDomain("web-1")?.uid, uid);
  await stack.ok("destroy", "-auto-approve", "-json");
  assert.deepEqual(agent.names(), []);
});

suite("docs/cdk.md", async () => {
  const page = await readFile(path.join(ROOT, "docs/cdk.md"), "utf8");
  const scripts = [...page.matchAll(/^```sh( move)?\n(.*?)^```$/gms)].map(([, move, text = ""]) => ({ isMove: move !== undefined, text }));
  const [destroy] = scripts.splice(-1);
  const usual = scripts.filter(({ isMove }) => !isMove).map(({ text }) => text);
  const [move] = scripts.filter(({ isMove }) => isMove).map(({ text }) => text);

  test("the mistake that it shows is told so", async () => {
    const shown = /^```\n(Unknown reference .*?)^```$/ms.exec(page)?.[1] ?? "";
    const spec = await readFile(path.join(ROOT, "examples/cdktn/ghost.yaml"), "utf8");
    const { GhostSpec } = (await requireOf("cdktn"))("./lib/ghost-spec") as { readonly GhostSpec: GhostSpecClass };
    const { App, TerraformStack } = (await requireOf("cdktn"))("cdktn") as CdkClasses;
    await using temp = await tempFolder();
    const file = path.join(temp.path, "ghost.yaml");
    await writeFile(file, spec.replace(/(^  data:[^]*?agent: )desk/m, "$1dsk"));
    assert.throws(
      () => new GhostSpec(new TerraformStack(new App({ outdir: temp.path }), "stack"), "spec", { file }),
      (error: Error) => error.message.replaceAll(`${temp.path}/`, "").includes(shown.trim()),
    );
  });

  for (const framework of FRAMEWORKS) {
    test(`its commands, typed as written for ${framework}, do what the page says`, async () => {
      await using temp = await tempFolder();
      await using agent = await startAgent("desk", path.join(temp.path, "agent"));
      for (const name of ["examples", "provider"]) await symlink(path.join(ROOT, name), path.join(temp.path, name));
      const env = {
        ...(await mirrorEnvironment()),
        TF_VAR_desk: agent.address,
        GHOST_VAR_desk: agent.address,
        npm_config_prefer_offline: "true",
        npm_config_loglevel: "error",
      };
      const type = async (commands: readonly string[]): Promise<void> => {
        const { code, stdout, stderr } = await run("sh", ["-ec", commands.join("\n")], temp.path, env);
        assert.equal(code, 0, `${stdout}\n${stderr}`);
      };
      await type(usual.map((text) => text.replaceAll("cdktn", framework)));
      assert.deepEqual(agent.names(), ["data", "web-1", "web-2"]);
      const uids = agent.host.listDomains().map(({ uid }) => uid);
      if (framework === "cdktf") {
        const password = usual.join("").match(/^export .*$/m)?.[0] ?? "";
        await type(["npm pack ./provider/cdktn --pack-destination shop", "cd shop", password, move ?? ""]);
      }
      assert.deepEqual(
        agent.host.listDomains().map(({ uid }) => uid),
        uids,
        "the machines are those of before",
      );
      await type(["cd shop", "export TF_VAR_DATA_PASSWORD=any", destroy?.text ?? ""]);
      assert.deepEqual(agent.names(), []);
    });
  }
});
