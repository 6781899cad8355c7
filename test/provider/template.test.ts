/** `ghost_template` against simulated agents, under the rules of Terraform's core. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { problem } from "@ghost/schemas";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Json } from "./core.ts";
import { CONTEXT, hasErrors } from "./core.ts";
import { startFleet } from "./fleet.ts";

const BASE = { name: "base", agent: "desk", image: "debian-12" };
const SHA = "c".repeat(64);
type Config = { readonly [key: string]: Json };

suite("the life of a template", () => {
  test("create, nothing to do, another image, another name, delete", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    const made = await core.plan(core.config(BASE));
    assert.deepEqual([made.action, made.diagnostics], ["create", []]);
    assert.deepEqual([made.answer.planned?.["owner"], made.answer.planned?.["digest"]], ["terraform:shop", UNKNOWN]);
    assert.deepEqual(await core.apply(made), []);
    const first = core.kept!.state;
    assert.match(first["digest"] as string, /^sha256:[0-9a-f]{64}$/);
    assert.equal(first["adopt"], false);
    assert.ok(Number(first["size_bytes"]) > 0);

    await fleet.configure();
    assert.deepEqual(await core.refresh(), []);
    assert.deepEqual(core.kept!.state, first);
    assert.equal((await core.plan(core.config(BASE))).action, "no-op");

    const other = await core.plan(core.config({ ...BASE, image: "debian-13" }));
    assert.deepEqual([other.action, other.diagnostics, other.answer.requiresReplace], ["update", [], undefined]);
    assert.deepEqual(await core.apply(other), []);
    assert.notEqual(core.kept!.state["digest"], first["digest"]);

    const renamed = await core.plan(core.config({ ...BASE, image: "debian-13", name: "web" }));
    assert.equal(renamed.answer.planned?.["digest"], core.kept!.state["digest"]);
    assert.deepEqual(await core.apply(renamed), []);
    assert.deepEqual([core.kept!.state["uid"], core.kept!.state["name"]], [first["uid"], "web"]);

    await fleet.configure();
    await core.refresh();
    assert.deepEqual(await core.apply(await core.plan(null)), []);
    assert.equal(core.kept, undefined);
    assert.deepEqual((await fleet.client("desk").snapshot("")).templates, []);
  });

  test("a digest that is configured is known before", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    const plan = await core.plan(core.config({ name: "base", agent: "desk", image_url: "https://images.example/a", image_sha256: SHA }));
    assert.equal(plan.answer.planned?.["digest"], `sha256:${SHA}`);
    assert.deepEqual(await core.apply(plan), []);
  });

  test("a VM is made from it at the digest that it is pinned to, and nothing is left to plan", async () => {
    await using fleet = await startFleet("desk");
    const [template, vm] = [fleet.core("ghost_template"), fleet.core()];
    const made = await template.plan(
      template.config({ name: "base", agent: "desk", image_url: "https://images.example/a", image_sha256: SHA }),
    );
    const web = vm.config({ name: "web", agent: "desk", template: "base" });
    const planned = await vm.plan(web);
    assert.deepEqual(await template.apply(made), []);
    assert.deepEqual(await vm.apply(planned), []);
    assert.equal(vm.kept?.state["image_digest"], `sha256:${SHA}`);
    await fleet.configure();
    await vm.refresh();
    assert.equal((await vm.plan(web)).action, "no-op");
  });

  test("of another image: a VM made from it stays, or is made anew where it says so", async () => {
    await using fleet = await startFleet("desk");
    const [template, vm] = [fleet.core("ghost_template"), fleet.core()];
    await template.apply(await template.plan(template.config(BASE)));
    const web = { name: "web", agent: "desk", template: "base" };
    await vm.apply(await vm.plan(vm.config(web)));
    const digest = vm.kept!.state["image_digest"];

    await fleet.configure();
    await Promise.all([template.refresh(), vm.refresh()]);
    const newer = await template.plan(template.config({ ...BASE, image: "debian-13" }));
    const stays = await vm.plan(vm.config(web));
    assert.equal(stays.action, "no-op");
    assert.match(stays.diagnostics.map(({ summary }) => summary).join(), /CHANGE_IGNORED/);
    const again = { ...web, image_on_change: "recreate" };
    const anew = await vm.plan(vm.config(again));
    assert.deepEqual([anew.action, anew.answer.planned?.["planned_impact"]], ["update", "data-loss"]);
    assert.deepEqual(await template.apply(newer), []);
    assert.deepEqual(await vm.apply(anew), []);
    assert.notEqual(vm.kept!.state["image_digest"], digest);
    assert.equal(vm.kept!.state["image_digest"], template.kept!.state["digest"]);
    await fleet.configure();
    await vm.refresh();
    assert.equal((await vm.plan(vm.config(again))).action, "no-op");
  });

  test("on another agent it is another one", async () => {
    await using fleet = await startFleet("desk", "loft");
    const core = fleet.core("ghost_template");
    await core.apply(await core.plan(core.config(BASE)));
    const moved = await core.plan(core.config({ ...BASE, agent: "loft" }));
    assert.deepEqual(moved.answer.requiresReplace, [["agent"]]);
    assert.equal(moved.answer.planned?.["uid"], UNKNOWN);
  });

  test("that is replaced in place is no stranger to its successor", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    await core.apply(await core.plan(core.config(BASE)));
    const { uid } = core.kept!.state;
    // Terraform deletes what is tainted first, and plans the new one before that.
    core.kept = { ...core.kept!, tainted: true };
    await fleet.configure();
    await core.refresh();
    const successor = await core.plan(core.config(BASE));
    assert.deepEqual([successor.action, successor.diagnostics], ["create", []]);
    core.kept = { ...core.kept, tainted: false };
    assert.deepEqual(await core.apply(await core.plan(null)), []);
    assert.deepEqual(await core.apply(successor), []);
    assert.notEqual(core.kept!.state["uid"], uid);
  });
});

suite("a template that is there already", () => {
  async function foreign(): Promise<Awaited<ReturnType<typeof startFleet>>> {
    const fleet = await startFleet("desk");
    await fleet.configure({ stack: "other" });
    const core = fleet.core("ghost_template");
    await core.apply(await core.plan(core.config(BASE)));
    await fleet.configure();
    return fleet;
  }

  test("is not made a second time, whoever it belongs to", async () => {
    await using fleet = await foreign();
    const core = fleet.core("ghost_template");
    const { diagnostics } = await core.plan(core.config(BASE));
    assert.match(diagnostics[0]!.summary, /OWNED_BY_OTHER/);
    assert.match(diagnostics[0]!.detail, /belongs to terraform:other since[^]*to = ghost_template.NAME\n {2}id = "desk\/base"/);
    assert.deepEqual(diagnostics[0]!.path, ["name"]);
    await fleet.configure({ stack: "other" });
    assert.match((await core.plan(core.config(BASE))).diagnostics[0]!.summary, /TEMPLATE_EXISTS/);
  });

  test("is taken over with adopt, with its digest known before", async () => {
    await using fleet = await foreign();
    const core = fleet.core("ghost_template");
    const plan = await core.plan(core.config({ ...BASE, adopt: true }));
    assert.deepEqual([plan.diagnostics[0]?.severity, plan.diagnostics[0]?.path], ["warning", ["adopt"]]);
    assert.match(plan.answer.planned?.["digest"] as string, /^sha256:/);
    assert.deepEqual(await core.apply(plan), []);
    assert.equal(core.kept?.state["owner"], "terraform:shop");
  });

  test("is imported and looked at, and not changed without adopt", async () => {
    await using fleet = await foreign();
    const core = fleet.core("ghost_template");
    assert.deepEqual(await core.import("desk/base"), []);
    assert.equal(core.kept?.state["owner"], "terraform:other");
    assert.equal((await core.plan(core.config(BASE))).action, "no-op");
    assert.match((await core.plan(core.config({ ...BASE, image: "debian-13" }))).diagnostics[0]!.summary, /OWNED_BY_OTHER/);
    assert.match((await core.plan(null)).diagnostics[0]!.summary, /OWNED_BY_OTHER/);
    assert.deepEqual(await core.apply(await core.plan(core.config({ ...BASE, image: "debian-13", adopt: true }))), []);
    assert.equal(core.kept?.state["owner"], "terraform:shop");
  });

  const ids: readonly { id: string; says: RegExp }[] = [
    { id: "base", says: /agent\/name/ },
    { id: "desk/x", says: /no template "x"[^]*It has base/ },
    { id: "dusk/base", says: /no agent "dusk"/ },
  ];
  for (const { id, says } of ids) {
    test(`cannot be imported as ${id}`, async () => {
      await using fleet = await foreign();
      const core = fleet.core("ghost_template");
      const [problem] = await core.import(id);
      assert.equal(problem?.severity, "error");
      assert.match(problem.detail, says);
    });
  }
});

suite("what moves and what is silent", () => {
  test("what somebody else changed is seen, and put right", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_template"), fleet.core("ghost_template")];
    await core.apply(await core.plan(core.config(BASE)));
    await other.import("desk/base");
    await other.apply(await other.plan(other.config({ ...BASE, image: "debian-13" })));
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept?.state["image"], "debian-13");
    const plan = await core.plan(core.config(BASE));
    assert.deepEqual([plan.action, plan.answer.planned?.["image"]], ["update", "debian-12"]);
    assert.deepEqual(await core.apply(plan), []);
  });

  test("what moved since it was read is not changed", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_template"), fleet.core("ghost_template")];
    await core.apply(await core.plan(core.config(BASE)));
    await fleet.configure();
    await core.refresh();
    const [update, gone] = [await core.plan(core.config({ ...BASE, image: "debian-11" })), await core.plan(null)];
    await other.import("desk/base");
    await other.apply(await other.plan(other.config({ ...BASE, image: "debian-13" })));
    for (const plan of [update, gone]) {
      // The walk that applies has an answer of its own.
      await fleet.configure();
      const [problem] = await core.apply(plan);
      assert.match(problem!.summary, /PLAN_STALE/);
      assert.match(problem!.detail, /image was debian-12, is debian-13/);
    }
    const [template] = (await fleet.client("desk").snapshot("")).templates;
    assert.equal(template?.config.image, "debian-13");
  });

  test("what moves between the last plan and its step stops the step", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_template"), fleet.core("ghost_template")];
    await core.apply(await core.plan(core.config(BASE)));
    await fleet.configure();
    await core.refresh();
    const config = core.config({ ...BASE, image: "debian-11" });
    const plans = [await core.plan(config), await core.plan(null)];
    await other.import("desk/base");
    await other.apply(await other.plan(other.config({ ...BASE, image: "debian-13" })));
    for (const { prior, answer } of plans) {
      const request = { prior: prior!.state, planned: answer.planned, config, plannedPrivate: answer.private };
      const { state, diagnostics = [] } = await core.resource.apply(request, CONTEXT);
      assert.match(diagnostics[0]!.summary, /PLAN_STALE/);
      assert.match(diagnostics[0]!.detail, /image was debian-12, is debian-13/);
      // As it is now, and not as it was to be.
      assert.equal(state?.["image"], "debian-13");
    }
  });

  test("what is gone is not in the state any more", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_template"), fleet.core("ghost_template")];
    await core.apply(await core.plan(core.config(BASE)));
    await other.import("desk/base");
    await other.apply(await other.plan(null));
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept, undefined);
  });

  test("an agent that is down: nothing is forgotten, and nothing can be changed", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    await core.apply(await core.plan(core.config(BASE)));
    const before = core.kept!.state;
    await fleet.stop("desk");
    await fleet.configure();
    const said = await core.refresh();
    assert.deepEqual(
      said.map(({ severity, path }) => [severity, path]),
      [["warning", ["agent"]]],
    );
    assert.deepEqual(core.kept!.state, before);
    assert.equal((await core.plan(core.config(BASE))).action, "no-op");
    for (const config of [core.config({ ...BASE, image: "debian-13" }), null]) {
      const { diagnostics } = await core.plan(config);
      assert.deepEqual(
        diagnostics.map(({ severity, path }) => [severity, path]),
        [["error", ["agent"]]],
      );
    }
    const fresh = fleet.core("ghost_template");
    assert.deepEqual((await fresh.plan(fresh.config({ ...BASE, name: "x" }))).diagnostics[0]?.path, ["agent"]);
  });

  test("an image that there is not leaves nothing in the state", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    const plan = await core.plan(core.config({ ...BASE, image: "windows-11" }));
    const failed = await core.apply(plan);
    assert.match(failed[0]!.summary, /IMAGE_UNKNOWN/);
    assert.equal(core.kept, undefined);
  });

  test("an agent that goes silent while it is made: what nobody can tell counts as there", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    const plan = await core.plan(core.config(BASE));
    let isSilent = false;
    fleet.onCall = (agent, method) => {
      isSilent ||= method === "execute";
      if (isSilent) throw problem("AGENT_UNREACHABLE", `Agent "${agent}" does not answer.`);
    };
    const failed = await core.apply(plan);
    assert.match(failed[0]!.summary, /AGENT_UNREACHABLE/);
    assert.equal(core.kept?.tainted, true);
    assert.match(core.kept.state["uid"] as string, /^[0-9a-f-]{36}$/);
    // The next look says that it is not.
    fleet.onCall = () => {};
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept, undefined);
  });
});

suite("what is not known yet", () => {
  const cases: readonly { name: string; config: Config; open: readonly string[] }[] = [
    { name: "the name", config: { ...BASE, name: UNKNOWN }, open: ["name", "uid", "digest", "size_bytes", "owner"] },
    { name: "the agent", config: { ...BASE, agent: UNKNOWN }, open: ["agent", "uid", "digest", "size_bytes", "owner"] },
    { name: "the image", config: { ...BASE, image: UNKNOWN }, open: ["image", "uid", "digest", "size_bytes", "owner"] },
    { name: "whether to adopt", config: { ...BASE, adopt: UNKNOWN }, open: ["adopt", "uid", "digest", "size_bytes", "owner"] },
    { name: "two images", config: { ...BASE, image_path: UNKNOWN }, open: ["image_path", "uid", "digest", "size_bytes", "owner"] },
  ];
  for (const { name, config, open } of cases) {
    test(`${name}: is planned as unknown`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core("ghost_template");
      const plan = await core.plan(core.config(config));
      assert.deepEqual(plan.diagnostics, []);
      const unknown = Object.entries(plan.answer.planned!).flatMap(([key, value]) => (value === UNKNOWN ? [key] : []));
      assert.deepEqual(unknown.sort(), [...open].sort());
      if (name !== "two images") assert.deepEqual(await core.apply(plan, core.config(BASE)), []);
    });
  }

  test("of one that is there: it keeps its uid", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_template");
    await core.apply(await core.plan(core.config(BASE)));
    const { uid } = core.kept!.state;
    const plan = await core.plan(core.config({ ...BASE, image: UNKNOWN }));
    assert.equal(plan.answer.planned?.["uid"], uid);
    assert.deepEqual(await core.apply(plan, core.config({ ...BASE, image: "debian-13" })), []);
    assert.equal(core.kept!.state["uid"], uid);
  });

  test("the agents: everything computed is unknown", async () => {
    await using fleet = await startFleet("desk");
    await fleet.configure({ agents: UNKNOWN });
    const core = fleet.core("ghost_template");
    const plan = await core.plan(core.config(BASE));
    assert.deepEqual([plan.diagnostics, plan.answer.planned?.["digest"]], [[], UNKNOWN]);
  });
});

suite("bad input", () => {
  const wrong: readonly { config: Config; path: readonly string[]; says: RegExp }[] = [
    { config: { ...BASE, name: "Base" }, path: ["name"], says: /"Base"; it must be/ },
    { config: { ...BASE, image: "Debian 12" }, path: ["image"], says: /it must be/ },
    { config: { ...BASE, image: null }, path: ["image"], says: /no image/ },
    { config: { ...BASE, image_path: "/x" }, path: ["image_path"], says: /image and image_path/ },
    { config: { ...BASE, image: null, image_url: "https://x/y" }, path: ["image_url"], says: /needs image_sha256/ },
    { config: { ...BASE, image_sha256: SHA }, path: ["image_sha256"], says: /catalogue has its own/ },
    { config: { ...BASE, image: null, image_path: "x" }, path: ["image_path"], says: /absolute path/ },
    { config: { ...BASE, agent: "dusk" }, path: ["agent"], says: /no agent "dusk"[^]*desk/ },
  ];
  for (const { config, path, says } of wrong) {
    test(`${JSON.stringify(config)} is refused at ${path.join(".")}`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core("ghost_template");
      const { diagnostics } = await core.plan(core.config(config));
      assert.ok(hasErrors(diagnostics));
      assert.deepEqual(diagnostics[0]!.path, path);
      assert.match(diagnostics[0]!.detail, says);
    });
  }
});
