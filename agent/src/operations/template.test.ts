import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { AgentTemplateConfig, DiagnosticCode, ObservedTemplate, VmConfig } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { Intent } from "./intent.ts";
import { observeTemplates } from "./observed-template.ts";
import { Operations } from "./operations.ts";
import { reconcile } from "./reconcile.ts";
import { changeIntent, createIntent, openBench, templateIntent } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

const OWNER = "terraform:shop";
const SHA = "b".repeat(64);

function templates({ store }: Bench): readonly ObservedTemplate[] {
  return observeTemplates(store.templates);
}

async function make(
  bench: Bench,
  config: AgentTemplateConfig = { name: "base", image: "debian-12" },
  more: Partial<Omit<Intent, "promise">> = {},
): Promise<ObservedTemplate> {
  const operation = await bench.run(templateIntent("create", config, undefined, more));
  assert.equal(operation.state, "succeeded", operation.diagnostics[0]?.detail);
  assert.ok(operation.template);
  return operation.template;
}

async function digestOf(bench: Bench, image: string): Promise<string> {
  return (await bench.hypervisor.images()).find(({ name }) => name === image)!.digest;
}

/** A VM of Terraform's without an image of its own. */
function vmIntent(config: VmConfig, more: Partial<Intent> = {}): Intent {
  const made = createIntent(config, { owner: OWNER, ...more });
  const { image: _image, ...vm } = made.vm!;
  return { ...made, vm };
}

suite("making a template", () => {
  const sources: { name: string; config: AgentTemplateConfig; digest: (bench: Bench) => Promise<string> | string | RegExp }[] = [
    { name: "from the catalogue", config: { image: "debian-12" }, digest: (bench) => digestOf(bench, "debian-12") },
    { name: "from an address", config: { image_url: "https://images.example/a.qcow2", image_sha256: SHA }, digest: () => `sha256:${SHA}` },
    { name: "from a file with a digest", config: { image_path: "/srv/a.qcow2", image_sha256: SHA }, digest: () => `sha256:${SHA}` },
    { name: "from a file", config: { image_path: "/srv/a.qcow2" }, digest: () => /^sha256:[0-9a-f]{64}$/ },
  ];
  for (const { name, config, digest } of sources) {
    test(`${name} fetches and pins its image`, async (t) => {
      const bench = openBench(t);
      const template = await make(bench, { name: "base", ...config });
      const want = await digest(bench);
      if (want instanceof RegExp) assert.match(template.digest, want);
      else assert.equal(template.digest, want);
      assert.deepEqual(
        [template.name, template.owner, template.phase, template.config],
        ["base", OWNER, "ready", { name: "base", ...config }],
      );
      assert.ok(template.sizeBytes > 0);
      assert.deepEqual(templates(bench), [template]);
      assert.deepEqual(bench.bugs, []);
    });
  }

  test("is on record, and shown as it is, while its image comes, and tells how much of it there is", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ ensureImage: 200 });
    const followed = await bench.operations.execute(templateIntent("create", { name: "base", image: "debian-12" }));
    const seen: string[] = [];
    let bytes = 0;
    followed.follow(({ phase, bytesDone, bytesTotal }) => {
      if (bytesTotal === 0) return;
      bytes = Math.max(bytes, bytesDone);
      seen.push(`${phase} ${templates(bench)[0]?.phase} ${templates(bench)[0]?.digest}`);
    });
    assert.equal((await followed.ended).state, "succeeded");
    assert.ok(bytes > 0);
    assert.equal(seen[0], "image creating ");
  });

  const refused: {
    name: string;
    prepare?: (bench: Bench) => Promise<unknown>;
    config: AgentTemplateConfig;
    code: DiagnosticCode;
    detail: RegExp;
  }[] = [
    {
      name: "a name that is taken",
      prepare: (bench) => make(bench),
      config: { image: "debian-13" },
      code: "TEMPLATE_EXISTS",
      detail: /"base" already; it belongs to terraform:shop since/,
    },
    { name: "an image that there is not", config: { image: "windows-11" }, code: "IMAGE_UNKNOWN", detail: /windows-11/ },
    { name: "no image", config: {}, code: "TEMPLATE_INVALID", detail: /no image/ },
    { name: "two images", config: { image: "debian-12", image_path: "/x" }, code: "TEMPLATE_INVALID", detail: /image and image_path/ },
    { name: "an address without a digest", config: { image_url: "https://x/y" }, code: "TEMPLATE_INVALID", detail: /image_sha256/ },
    { name: "a name that is no name", config: { name: "../base", image: "debian-12" }, code: "TEMPLATE_INVALID", detail: /\.\.\/base/ },
    { name: "a path that is none", config: { image_path: "etc/passwd" }, code: "TEMPLATE_INVALID", detail: /absolute path/ },
  ];
  for (const { name, prepare, config, code, detail } of refused) {
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      await prepare?.(bench);
      const before = templates(bench);
      const operation = await bench.run(templateIntent("create", { name: "base", ...config }));
      assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      assert.match(operation.diagnostics[0]!.detail, detail);
      assert.deepEqual(templates(bench), before);
      assert.deepEqual(bench.bugs, []);
    });
  }

  test("is refused when the content is not what was asked for, and leaves nothing", async (t) => {
    const bench = openBench(t);
    const wrong = { ...bench.hypervisor, ensureImage: async () => ({ digest: `sha256:${"0".repeat(64)}` }) };
    const operations = new Operations({ hypervisor: wrong, store: bench.store, reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } });
    const intent = templateIntent("create", { name: "base", image_url: "https://x/y", image_sha256: SHA });
    const { state, diagnostics } = await (await operations.execute(intent)).ended;
    assert.deepEqual([state, diagnostics[0]?.code], ["failed", "IMAGE_MISSING"]);
    assert.match(diagnostics[0]!.detail, /https:\/\/x\/y has the digest sha256:0+, and sha256:b+ is wanted/);
    assert.deepEqual(templates(bench), []);
  });

  test("that is cancelled leaves nothing, and can be done again", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ ensureImage: 400 });
    const intent = templateIntent("create", { name: "base", image: "debian-12" });
    const followed = await bench.operations.execute(intent);
    await new Promise<void>((resolve) => followed.follow(({ phase }) => phase === "image" && resolve()));
    bench.operations.cancel(intent.operationId);
    assert.equal((await followed.ended).state, "cancelled");
    assert.deepEqual(templates(bench), []);
    bench.hypervisor.host.setLatency({ ensureImage: 0 });
    assert.equal((await bench.run({ ...intent, operationId: "again" })).state, "succeeded");
  });

  test("may be called like a VM, and both are worked on at once", async (t) => {
    const bench = openBench(t);
    await bench.create({ name: "base" });
    await make(bench);
    assert.deepEqual([(await bench.vms()).size, templates(bench).length], [1, 1]);
  });
});

suite("changing a template", () => {
  test("another image is fetched and pinned; VMs made from it keep theirs", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const { vm } = await bench.run(vmIntent({ name: "web", template: "base" }));
    const { template } = await bench.run(templateIntent("update", { name: "base", image: "debian-13" }, base));
    assert.equal(template?.digest, await digestOf(bench, "debian-13"));
    assert.deepEqual([template.uid, template.createdAt], [base.uid, base.createdAt]);
    assert.notEqual(template.revision, base.revision);
    assert.deepEqual(await bench.vm("web"), vm);
  });

  test("a new name keeps uid and digest, and asks no host", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    bench.hypervisor.host.addFault({ call: "ensureImage", error: "hypervisor-down" });
    const { state, template } = await bench.run(templateIntent("update", { name: "web", image: "debian-12" }, base));
    assert.deepEqual([state, template?.name, template?.uid, template?.digest], ["succeeded", "web", base.uid, base.digest]);
    assert.equal(bench.store.findTemplateByName("base"), undefined);
  });

  test("that is as asked does nothing, whatever its revision", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const operation = await bench.run(
      templateIntent("update", { name: "base", image: "debian-12" }, base, { promise: { revision: "v1:old" } }),
    );
    assert.deepEqual([operation.state, operation.noop, operation.template], ["succeeded", true, base]);
  });

  test("an image that cannot be had leaves it as it was", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    bench.hypervisor.host.addFault({ call: "ensureImage", error: "timeout" });
    const operation = await bench.run(templateIntent("update", { name: "base", image: "debian-13" }, base));
    assert.equal(operation.state, "failed");
    assert.deepEqual(templates(bench), [base]);
    // The same plan is taken up again.
    assert.equal((await bench.run(templateIntent("update", { name: "base", image: "debian-13" }, base))).state, "succeeded");
  });

  test("is taken over with what it was made from", async (t) => {
    const bench = openBench(t);
    const base = await make(bench, undefined, { owner: "terraform:other" });
    const { template } = await bench.run(templateIntent("adopt", { name: "base", image: "debian-12" }, base));
    assert.deepEqual([template?.owner, template?.digest, template?.uid], [OWNER, base.digest, base.uid]);
  });

  test("is let go and keeps everything else", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const { template } = await bench.run(templateIntent("release", {}, base));
    assert.deepEqual([template?.owner, template?.digest], ["", base.digest]);
    const again = await bench.run(templateIntent("release", {}, template));
    assert.deepEqual([again.state, again.noop], ["succeeded", true]);
  });

  test("goes, and the VMs made from it keep their disks", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    await bench.run(vmIntent({ name: "web", template: "base" }));
    const disks = bench.hypervisor.host.listDisks();
    const operation = await bench.run(templateIntent("delete", {}, base));
    assert.deepEqual([operation.state, operation.noop, operation.template], ["succeeded", false, undefined]);
    assert.deepEqual(templates(bench), []);
    assert.deepEqual(bench.hypervisor.host.listDisks(), disks);
    assert.equal((await bench.vm("web")).status, "running");
    const again = await bench.run(templateIntent("delete", {}, base));
    assert.deepEqual([again.state, again.noop], ["succeeded", true]);
  });

  const moved = { promise: { revision: "v1:old" } };
  const refused: { name: string; owner?: string; intent: (base: ObservedTemplate) => Intent; code: DiagnosticCode; detail: RegExp }[] = [
    {
      name: "another's",
      owner: "terraform:x",
      intent: (base) => templateIntent("update", { name: "base", image: "debian-13" }, base),
      code: "OWNED_BY_OTHER",
      detail: /belongs to terraform:x since .*must not update/,
    },
    {
      name: "the deletion of another's",
      owner: "terraform:x",
      intent: (base) => templateIntent("delete", {}, base),
      code: "OWNED_BY_OTHER",
      detail: /must not delete/,
    },
    {
      name: "the release of another's",
      owner: "terraform:x",
      intent: (base) => templateIntent("release", {}, base),
      code: "OWNED_BY_OTHER",
      detail: /must not release/,
    },
    {
      name: "making another's again",
      owner: "terraform:x",
      intent: (base) => templateIntent("create", { name: "base", image: "debian-12" }, base),
      code: "OWNED_BY_OTHER",
      detail: /must not create/,
    },
    {
      name: "one that moved since",
      intent: (base) => templateIntent("update", { name: "base", image: "debian-13" }, base, moved),
      code: "PLAN_STALE",
      detail: /not as it was/,
    },
    {
      name: "the deletion of one that moved since",
      intent: (base) => templateIntent("delete", {}, base, moved),
      code: "PLAN_STALE",
      detail: /not as it was/,
    },
    {
      name: "the adoption of one that moved since",
      owner: "",
      intent: (base) => templateIntent("adopt", { name: "base", image: "debian-12" }, base, moved),
      code: "PLAN_STALE",
      detail: /not as it was/,
    },
    {
      name: "what is gone",
      intent: (base) =>
        templateIntent("update", { name: "base", image: "debian-13" }, { ...base, uid: "00000000-0000-4000-8000-000000000000" }),
      code: "TEMPLATE_NOT_FOUND",
      detail: /not on this agent any more/,
    },
    {
      name: "a name that it does not have",
      intent: (base) => ({ ...templateIntent("delete", {}, base), name: "other" }),
      code: "PLAN_MISMATCH",
      detail: /template "other".*is "base"/,
    },
    {
      name: "a step without a template",
      intent: (base) => ({ ...templateIntent("delete", {}, base), action: "update" }),
      code: "PLAN_MISMATCH",
      detail: /carries no template/,
    },
    {
      name: "an action that it does not have",
      intent: (base) => ({ ...templateIntent("delete", {}, base), action: "start" }),
      code: "PLAN_MISMATCH",
      detail: /about a template and says start/,
    },
  ];
  for (const { name, owner = OWNER, intent, code, detail } of refused) {
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      const base = await make(bench, undefined, { owner });
      const operation = await bench.run(intent(base));
      assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      assert.match(operation.diagnostics[0]!.detail, detail);
      assert.deepEqual(templates(bench), [base]);
      assert.deepEqual(bench.bugs, []);
    });
  }

  test("what moved is named", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const promise = {
      revision: "v1:old",
      projection: { uid: base.uid, name: "base", owner: OWNER, digest: base.digest, live: { image: "debian-11" } },
    };
    const { diagnostics } = await bench.run(templateIntent("delete", {}, base, { promise }));
    assert.match(diagnostics[0]!.detail, /image was debian-11, is debian-12/);
  });
});

suite("one operation id is one operation, of templates too", () => {
  test("the same result when it succeeded", async (t) => {
    const bench = openBench(t);
    const intent = templateIntent("create", { name: "base", image: "debian-12" });
    const [first, second] = [await bench.run(intent), await bench.run(intent)];
    assert.deepEqual([second.state, second.attempt, second.template], ["succeeded", 1, first.template]);
    const attached = await (await bench.operations.attach(intent.operationId)).ended;
    assert.deepEqual(attached.template, first.template);
  });

  test("PLAN_STALE when it succeeded and was undone since", async (t) => {
    const bench = openBench(t);
    const intent = templateIntent("create", { name: "base", image: "debian-12" });
    const { template } = await bench.run(intent);
    await bench.run(templateIntent("delete", {}, template));
    await assert.rejects(
      bench.operations.execute(intent),
      (error: unknown) =>
        error instanceof GhostError &&
        error.diagnostics[0].code === "PLAN_STALE" &&
        /template "base" was changed since: it is gone/.test(error.message),
    );
  });

  test("two that want one name do not both get it", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ ensureImage: 20 });
    const ended = await Promise.all([1, 2].map(() => bench.run(templateIntent("create", { name: "base", image: "debian-12" }))));
    assert.deepEqual(ended.map(({ state }) => state).sort(), ["failed", "succeeded"]);
    assert.equal(templates(bench).length, 1);
  });
});

suite("a VM made from a template of its agent", () => {
  test("has the image that the template is pinned to", async (t) => {
    const bench = openBench(t);
    const base = await make(bench, { name: "base", image_url: "https://images.example/a.qcow2", image_sha256: SHA });
    const { state, vm } = await bench.run(vmIntent({ name: "web", template: "base" }));
    assert.equal(state, "succeeded");
    assert.equal(vm?.imageDigest, base.digest);
    assert.equal(vm.live.image, undefined);
    assert.equal(vm.live.template, "base");
  });

  test("has it too where it says itself what the template is made from", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const { digest: cached } = await bench.hypervisor.ensureImage({ name: "debian-11" });
    await bench.store.write({ template: { ...bench.store.templates.get(base.uid)!, digest: cached } });
    const { vm } = await bench.run(createIntent({ name: "web", template: "base", image: "debian-12" }, { owner: OWNER }));
    assert.equal(vm?.imageDigest, cached);
  });

  test("an image of its own comes first", async (t) => {
    const bench = openBench(t);
    await make(bench);
    const { vm } = await bench.run(createIntent({ name: "web", template: "base", image: "debian-11" }, { owner: OWNER }));
    assert.equal(vm?.imageDigest, await digestOf(bench, "debian-11"));
  });

  test("is refused without the template, before anything is on record", async (t) => {
    const bench = openBench(t);
    const { state, diagnostics } = await bench.run(vmIntent({ name: "web", template: "base" }));
    assert.deepEqual([state, diagnostics[0]?.code, diagnostics[0]?.path], ["failed", "IMAGE_MISSING", ["vms", "web", "template"]]);
    assert.equal(bench.store.vms.size, 0);
  });

  test("is refused when the pinned content cannot be had any more", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const pinned = `sha256:${"0".repeat(64)}`;
    await bench.store.write({ template: { ...bench.store.templates.get(base.uid)!, digest: pinned } });
    const { state, diagnostics } = await bench.run(vmIntent({ name: "web", template: "base" }));
    assert.deepEqual([state, diagnostics[0]?.code], ["failed", "IMAGE_MISSING"]);
    assert.match(diagnostics[0]!.detail, /"debian-12" stands for sha256:/);
    assert.deepEqual([...(await bench.vms()).keys()], []);
  });

  test("a spec's template says nothing here: it is resolved already", async (t) => {
    const bench = openBench(t);
    await make(bench);
    const { state, vm } = await bench.run(vmIntent({ name: "web", template: "base" }, { owner: "spec:shop" }));
    assert.deepEqual([state, vm?.imageDigest], ["succeeded", ""]);
  });

  test("gets it again with a new root disk", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    const { vm } = await bench.run(vmIntent({ name: "web", template: "base" }));
    const { template } = await bench.run(templateIntent("update", { name: "base", image: "debian-13" }, base));
    const shrink = changeIntent("update", vm!, { disk_gb: 5 }, { owner: OWNER });
    const { image: _image, ...config } = shrink.vm!;
    const changed = await bench.run({ ...shrink, vm: config });
    assert.equal(changed.vm?.imageDigest, template?.digest, changed.diagnostics[0]?.detail);
  });
});

suite("after a crash", () => {
  /** Runs one step on a template in another process that is killed while it fetches an image. */
  async function crash(t: TestContext, change: string, moment: Fault["moment"]): Promise<Bench> {
    const dir = await mkdtemp(join(tmpdir(), "ghost-crash-"));
    t.after(() => rm(dir, { recursive: true, force: true }));
    const script = `
      import { openBench, templateIntent } from ${JSON.stringify(new URL("./testdata/workshop.ts", import.meta.url).href)};
      const bench = openBench({ after() {} }, { dir: ${JSON.stringify(dir)} });
      const before = (await bench.run(templateIntent("create", { name: "old", image: "debian-11" }))).template;
      bench.hypervisor.host.addFault({ call: "ensureImage", error: "crash", moment: ${JSON.stringify(moment)} });
      await bench.run({ ...${change}, operationId: "op", stepHash: "s" });`;
    const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGKILL");
    return openBench(t, { dir });
  }

  const points: { name: string; change: string; notes: RegExp[]; want: string[] }[] = [
    {
      name: "a create",
      change: `templateIntent("create", { name: "base", image: "debian-12" })`,
      notes: [/"base" was not made to its end/],
      want: ["old debian-11 ready"],
    },
    {
      name: "an update",
      change: `templateIntent("update", { name: "old", image: "debian-12" }, before)`,
      notes: [],
      want: ["old debian-11 ready"],
    },
  ];
  for (const { name, change, notes, want } of points) {
    for (const moment of ["before", "after"] as const) {
      test(`in ${name}, ${moment} the image is there`, async (t) => {
        const bench = await crash(t, change, moment);
        const { interrupted, notes: said } = await reconcile({
          hypervisor: bench.hypervisor,
          store: bench.store,
          admission: undefined as never,
          now: () => new Date(),
        });
        assert.deepEqual(
          interrupted.map(({ id, kind, state }) => [id, kind, state]),
          [["op", "template", "interrupted"]],
        );
        assert.equal(said.length, notes.length);
        for (const [index, note] of notes.entries()) assert.match(said[index]!, note);
        const there = templates(bench);
        assert.deepEqual(
          there.map((template) => `${template.name} ${template.config.image} ${template.phase}`),
          want,
        );
        const old = there[0]!;
        const again =
          name === "a create"
            ? templateIntent("create", { name: "base", image: "debian-12" })
            : templateIntent("update", { name: "old", image: "debian-12" }, old);
        const ended = await bench.run({ ...again, operationId: "op", stepHash: "s" });
        assert.deepEqual([ended.state, ended.attempt, ended.template?.digest], ["succeeded", 2, await digestOf(bench, "debian-12")]);
      });
    }
  }

  test("a template whose making was cut off gives its name up to its owner's next one", async (t) => {
    const bench = openBench(t);
    const base = await make(bench);
    await bench.store.write({ template: { ...bench.store.templates.get(base.uid)!, phase: "creating", digest: "" } });
    const next = await make(bench);
    assert.notEqual(next.uid, base.uid);
    assert.deepEqual(templates(bench), [next]);
  });
});
