/** Whose a VM is, what must not be done to it, and what is said instead. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic } from "../../provider/src/protocol6/provider.ts";
import { assertSettled, Core, errorsOf, hasErrors, settle, told } from "./core.ts";
import { startFleet } from "./fleet.ts";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";

const WEB = { name: "web", agent: "desk", image: "debian-12", ram_gb: 2 };

suite("whose a VM is", () => {
  test("one of another stack is refused with the block that imports it, and taken over with adopt", async () => {
    await using fleet = await startFleet("desk");
    const other = fleet.core();
    await fleet.configure({ stack: "other" });
    await settle(other, WEB, () => fleet.configure({ stack: "other" }));

    await fleet.configure();
    const core = fleet.core();
    const refused = await core.plan(core.config(WEB));
    assert.deepEqual(told(refused.diagnostics), ["error OWNED_BY_OTHER name"]);
    assert.match(refused.diagnostics[0]!.detail, /belongs to terraform:other since \d{4}-/);
    assert.match(refused.diagnostics[0]!.detail, /import \{\n  to = ghost_vm\.NAME\n  id = "desk\/web"\n\}/);
    const adopted = await settle(core, { ...WEB, adopt: true }, fleet.configure);
    assert.equal(adopted.answer.planned?.["planned_impact"], "none");
    assert.deepEqual(told(adopted.diagnostics), ['warning VM "web" is taken over adopt']);
    assert.deepEqual([core.kept!.state["owner"], core.kept!.state["adopted_from"]], ["terraform:shop", "terraform:other"]);
    await settle(core, { ...WEB, adopt: true, ram_gb: 4 }, fleet.configure);
    await settle(core, WEB, fleet.configure);
    assert.equal(core.kept!.state["adopted_from"], "terraform:other");

    await fleet.configure({ stack: "other" });
    await other.refresh();
    assert.equal(other.kept!.state["owner"], "terraform:shop");
    assert.deepEqual(told((await other.plan(other.config({ ...WEB, ram_gb: 4 }))).diagnostics), ["error OWNED_BY_OTHER"]);
    assert.deepEqual(told((await other.plan(null)).diagnostics), ["error OWNED_BY_OTHER"]);
    assert.equal((await other.plan(other.config(WEB))).action, "no-op", "what does not change is nobody's business");
  });

  test("one of the same stack that is not in the state is refused, and imported without a difference", async () => {
    await using fleet = await startFleet("desk");
    await settle(fleet.core(), { ...WEB, networks: { lan: {} }, labels: { a: "b" } }, fleet.configure);
    await fleet.configure();
    const core = fleet.core();
    assert.deepEqual(told((await core.plan(core.config(WEB))).diagnostics), ["error VM_EXISTS name"]);
    assert.deepEqual(await core.import("desk/web"), []);
    const plan = await core.plan(core.config({ ...WEB, networks: { lan: {} }, labels: { a: "b" } }));
    assert.deepEqual([plan.action, plan.diagnostics], ["no-op", []]);
  });

  test("one of the same stack that is not in the state comes into it with adopt", async () => {
    await using fleet = await startFleet("desk");
    const first = fleet.core();
    await settle(first, WEB, fleet.configure);
    await fleet.configure();
    const core = fleet.core();
    await settle(core, { ...WEB, adopt: true, labels: { role: "web" } }, fleet.configure);
    const { uid, status, adopted_from: from } = core.kept!.state;
    assert.deepEqual([uid, status, from], [first.kept!.state["uid"], "running", "terraform:shop"]);
  });

  test("one that is not in the state is not changed while it is taken over: nothing binds a plan to what was not read", async () => {
    for (const stack of ["shop", "other"]) {
      await using fleet = await startFleet("desk");
      await fleet.configure({ stack });
      await settle(fleet.core(), WEB, () => fleet.configure({ stack }));
      await fleet.configure();
      const core = fleet.core();
      const refused = await core.plan(core.config({ ...WEB, ram_gb: 4, adopt: true }));
      assert.deepEqual(told(errorsOf(refused.diagnostics)), ["error IMPACT_EXCEEDED adopt"]);
      assert.match(refused.diagnostics[0]!.detail, /ram_gb \(2 → 4\): restart\.[^]*Import it first[^]*id = "desk\/web"/);

      const plan = await core.plan(core.config({ ...WEB, adopt: true }));
      assert.deepEqual(errorsOf(plan.diagnostics), []);
      using host = fleet.host("desk");
      host.setDomain("web", { disks: { precious: 5 } });
      await fleet.configure();
      assert.deepEqual(told(await core.apply(plan)), ["error IMPACT_EXCEEDED adopt"], "a saved plan that adopts does nothing else");
      assert.ok("precious" in host.findDomain("web")!.live.disks);
    }
  });

  test("one of which something is not known yet is taken over when that turns out to be as it is", async () => {
    await using fleet = await startFleet("desk");
    await settle(fleet.core(), WEB, fleet.configure);
    for (const later of [{ vcpu: UNKNOWN }, { labels: UNKNOWN }]) {
      await fleet.configure();
      const core = fleet.core();
      const plan = await core.plan(core.config({ ...WEB, ...later, adopt: true }));
      assert.deepEqual(errorsOf(plan.diagnostics), []);
      await fleet.configure();
      assert.deepEqual(errorsOf(await core.apply(plan, core.config({ ...WEB, adopt: true, vcpu: 1 }))), []);
    }
    await fleet.configure();
    const core = fleet.core();
    const plan = await core.plan(core.config({ ...WEB, vcpu: UNKNOWN, adopt: true }));
    assert.deepEqual(told(await core.apply(plan, core.config({ ...WEB, adopt: true, vcpu: 2 }))), ["error IMPACT_EXCEEDED adopt"]);
  });

  test("one that is another's by the time of the apply is not what the plan takes over", async () => {
    await using fleet = await startFleet("desk");
    {
      using host = fleet.host("desk");
      host.addForeignDomain({ name: "old", vcpu: 2, ram_gb: 3, status: "running", networks: { net0: "default" } });
    }
    const core = fleet.core();
    const plan = await core.plan(core.config({ name: "old", agent: "desk", vcpu: 2, ram_gb: 3, adopt: true }));
    assert.deepEqual([errorsOf(plan.diagnostics), plan.answer.planned?.["adopted_from"]], [[], ""]);
    const other = fleet.core();
    await fleet.configure({ stack: "other" });
    await settle(other, { name: "old", agent: "desk", vcpu: 2, ram_gb: 3, adopt: true }, () => fleet.configure({ stack: "other" }));
    await fleet.configure();
    await assert.rejects(core.apply(plan), /adopted_from was planned as '' and is 'terraform:other'/);
  });

  test("a foreign machine is imported as it is; to change it it must be adopted", async () => {
    await using fleet = await startFleet("desk");
    {
      using host = fleet.host("desk");
      host.addForeignDomain({ name: "old", vcpu: 2, ram_gb: 3, status: "running", networks: { net0: "default" } });
    }
    const core = fleet.core();
    assert.deepEqual(await core.import("desk/old"), []);
    const { state } = core.kept!;
    assert.deepEqual([state["owner"], state["vcpu"], state["ram_gb"], state["image"], state["power"]], ["", 2, 3, null, "running"]);
    const same = await core.plan(core.config({ name: "old", agent: "desk" }));
    assert.deepEqual([same.action, same.diagnostics], ["no-op", []]);
    const refused = await core.plan(core.config({ name: "old", agent: "desk", vcpu: 4 }));
    assert.deepEqual(told(refused.diagnostics), ["error OWNED_BY_OTHER"]);
    await settle(core, { name: "old", agent: "desk", vcpu: 4, adopt: true }, fleet.configure);
    assert.deepEqual([core.kept!.state["owner"], core.kept!.state["adopted_from"]], ["terraform:shop", ""]);
  });

  for (const [id, code] of [
    ["web", "SPEC_BAD_VALUE"],
    ["desk/web/x", "SPEC_BAD_VALUE"],
    ["", "SPEC_BAD_VALUE"],
    ["rack/web", "SPEC_UNKNOWN_REFERENCE"],
    ["desk/none", "VM_NOT_FOUND"],
  ] as const) {
    test(`import of ${JSON.stringify(id)} is refused`, async () => {
      await using fleet = await startFleet("desk");
      assert.deepEqual(told(await fleet.core().import(id)), [`error ${code}`]);
    });
  }
});

suite("what must not be done", () => {
  test("a protected VM is not deleted, and no disk of it", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const web = { ...WEB, protect: true, disks: { data: { size_gb: 5 } } };
    await settle(core, web, fleet.configure);
    const refused = errorsOf((await core.plan(null)).diagnostics);
    assert.deepEqual(told(refused), ["error VM_PROTECTED"]);
    assert.match(refused[0]!.detail, /deposed[^]*terraform state rm[^]*"desk\/web"[^]*protect = false/, "what no configuration reaches");
    assert.deepEqual(told(errorsOf((await core.plan(core.config({ ...web, disks: null }))).diagnostics)), [
      "error VM_PROTECTED disks.data",
    ]);
    await settle(core, { ...web, protect: false }, fleet.configure);
    assert.ok(!hasErrors((await core.plan(null)).diagnostics));
  });

  test("max_impact of the provider and disruption.allow of the VM hold", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    await fleet.configure({ max_impact: "live" });
    await core.refresh();
    const limited = await core.plan(core.config({ ...WEB, ram_gb: 4 }));
    assert.deepEqual(told(errorsOf(limited.diagnostics)), ["error IMPACT_EXCEEDED ram_gb"]);
    assert.match(limited.diagnostics[0]!.detail, /max_impact = "restart" in the provider's block/);
    assert.deepEqual(told(errorsOf((await core.plan(null)).diagnostics)), ["error IMPACT_EXCEEDED"]);
    await fleet.configure();
    const allowed = { ...WEB, disruption: { allow: "live" } };
    await core.refresh();
    await settle(core, allowed, fleet.configure);
    assert.deepEqual(told(errorsOf((await core.plan(core.config({ ...allowed, ram_gb: 4 }))).diagnostics)), [
      "error IMPACT_EXCEEDED ram_gb",
    ]);
  });

  test("on_remove = retain releases it instead", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, { ...WEB, on_remove: "retain" }, fleet.configure);
    const plan = await core.plan(null);
    assert.deepEqual(told(plan.diagnostics), ['warning VM "web" is released and kept']);
    assert.deepEqual(await core.apply(plan), []);
    assert.equal(core.kept, undefined);
    await fleet.configure();
    const refused = await core.plan(core.config(WEB));
    assert.match(refused.diagnostics[0]!.detail, /belongs to nobody/);
  });

  test("a VM is not moved to another agent, and not put on one that is not there", async () => {
    await using fleet = await startFleet("desk", "rack");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    assert.deepEqual(told((await core.plan(core.config({ ...WEB, agent: "rack" }))).diagnostics), ["error AGENT_CHANGED agent"]);
    const missing = await fleet.core().plan(core.config({ ...WEB, name: "x", agent: "rak" }));
    assert.deepEqual(told(missing.diagnostics), ["error SPEC_UNKNOWN_REFERENCE agent"]);
    assert.match(missing.diagnostics[0]!.detail, /Did you mean "rack"\?/);
  });

  test("an agent that got another name: what keeps the VM is said, whether it is moved or removed, and works", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const { uid } = core.kept!.state;
    const renamed = { agents: { bench: { address: fleet.address("desk") } } };
    await fleet.configure(renamed);
    await core.refresh();
    const moved = await core.plan(core.config({ ...WEB, agent: "bench" }));
    assert.deepEqual(told(moved.diagnostics), ["error AGENT_CHANGED agent"]);
    assert.match(moved.diagnostics[0]!.detail, /terraform state rm(.|\n)*import \{\n  to = ghost_vm\.NAME\n  id = "bench\/web"\n\}/);
    const removed = await core.plan(null);
    assert.deepEqual(told(removed.diagnostics), ["error SPEC_UNKNOWN_REFERENCE agent"]);
    assert.match(removed.diagnostics[0]!.detail, /There is no agent "desk"\.(.|\n)*terraform state rm(.|\n)*AGENT\/web/);

    const again = fleet.core();
    await fleet.configure(renamed);
    assert.deepEqual(await again.import("bench/web"), []);
    assert.deepEqual([again.kept!.state["uid"], (await again.plan(again.config({ ...WEB, agent: "bench" }))).action], [uid, "no-op"]);
  });

  test("a name that another VM has is not taken", async () => {
    await using fleet = await startFleet("desk");
    const [one, two] = [fleet.core(), fleet.core()];
    await settle(one, WEB, fleet.configure);
    await settle(two, { ...WEB, name: "db" }, fleet.configure);
    assert.deepEqual(told((await two.plan(two.config(WEB))).diagnostics), ["error VM_EXISTS name"]);
  });

  test("an unknown image, an unknown template and no image at all", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    assert.deepEqual(told((await core.plan(core.config({ ...WEB, image: "debain-12" }))).diagnostics), ["error IMAGE_UNKNOWN image"]);
    assert.deepEqual(told((await core.plan(core.config({ ...WEB, image: null }))).diagnostics), ["error SPEC_MISSING_KEY image"]);
    const unknown = await core.plan(core.config({ ...WEB, image: null, template: "base" }));
    assert.deepEqual(told(unknown.diagnostics), ["error SPEC_UNKNOWN_REFERENCE template"]);
  });
});

suite("another address in the configuration", () => {
  test("a VM that would be deleted under one address and made under another is kept, whichever is planned first", async () => {
    for (const order of ["create first", "delete first"]) {
      await using fleet = await startFleet("desk");
      const old = fleet.core();
      await settle(old, WEB, fleet.configure);
      await fleet.configure();
      await old.refresh();
      const fresh = new Core(fleet.provider);
      const plans: (() => Promise<unknown>)[] = [() => fresh.plan(fresh.config(WEB)), () => old.plan(null)];
      const found = [];
      for (const plan of order === "create first" ? plans : plans.reverse())
        found.push(...errorsOf(((await plan()) as { diagnostics: Parameters<typeof errorsOf>[0] }).diagnostics));
      assert.deepEqual(told(found), ["error VM_EXISTS name"], order);
      assert.match(found[0]!.detail, /moved \{/);
    }
  });

  test("adopt = true takes no VM from the address that loses it, whichever is planned and read first", async () => {
    for (const order of ["create first", "delete first"])
      for (const isRead of [true, false]) {
        await using fleet = await startFleet("desk");
        const old = fleet.core();
        await settle(old, { ...WEB, adopt: true }, fleet.configure);
        await fleet.configure();
        if (isRead) await old.refresh();
        const fresh = new Core(fleet.provider);
        const plans: (() => Promise<{ diagnostics: Parameters<typeof errorsOf>[0] }>)[] = [
          () => fresh.plan(fresh.config({ ...WEB, adopt: true })),
          () => old.plan(null),
        ];
        const found = [];
        for (const plan of order === "create first" ? plans : plans.reverse()) found.push(...errorsOf((await plan()).diagnostics));
        assert.deepEqual(told(found), ["error VM_EXISTS name"], `${order}, ${isRead}`);
        assert.match(found[0]!.detail, /moved \{/);
      }
  });

  test("a VM that the state has under two addresses is neither deleted nor changed, whichever is planned first", async () => {
    for (const order of ["first", "second"])
      for (const isDeleted of [true, false]) {
        await using fleet = await startFleet("desk");
        const [one, two] = [fleet.core(), fleet.core()];
        await settle(one, WEB, fleet.configure);
        await fleet.configure();
        await two.import("desk/web");
        await fleet.configure();
        const goes = async (): Promise<readonly Diagnostic[]> => {
          // Of what left the configuration Terraform plans the deletion first, and reads it then.
          const { diagnostics } = isDeleted ? await one.plan(null) : { diagnostics: [] };
          await one.refresh();
          return isDeleted ? diagnostics : (await one.plan(one.config({ ...WEB, ram_gb: 4 }))).diagnostics;
        };
        const stays = async (): Promise<readonly Diagnostic[]> => {
          await two.refresh();
          return (await two.plan(two.config(WEB))).diagnostics;
        };
        const found = [];
        for (const plan of order === "first" ? [goes, stays] : [stays, goes]) found.push(...errorsOf(await plan()));
        assert.deepEqual(told(found), ["error VM_EXISTS name"], `${order}, ${isDeleted}`);
        assert.match(found[0]!.detail, /terraform state rm/);
      }
  });

  test("a tainted VM is deleted and made anew", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const { uid } = core.kept!.state;
    core.kept = { ...core.kept!, tainted: true };
    await fleet.configure();
    await core.refresh();
    const plan = await core.plan(core.config(WEB));
    assert.deepEqual([plan.action, told(plan.diagnostics)], ["create", ['warning VM "web" is deleted and made anew']]);
    assert.equal(plan.answer.planned?.["planned_impact"], "data-loss");
    assert.deepEqual(await core.applyReplacement(plan, fleet.configure), []);
    await assertSettled(core, WEB, fleet.configure);
    assert.notEqual(core.kept.state["uid"], uid);
  });

  test("a replacement under another name says that the old one goes, within what is allowed", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const { uid } = core.kept!.state;
    const fresh = { ...WEB, name: "front" };
    const replace = async (more: Parameters<typeof fleet.configure>[0] = {}): Promise<ReturnType<typeof core.planReplace>> => {
      await fleet.configure(more);
      await core.refresh();
      return await core.planReplace(core.config(fresh));
    };
    const limited = await replace({ max_impact: "replace" });
    assert.deepEqual(told(errorsOf(limited.diagnostics)), ["error IMPACT_EXCEEDED"]);
    const plan = await replace();
    assert.equal(plan.answer.planned?.["planned_impact"], UNKNOWN, "it may come before the old one goes");
    assert.deepEqual(told(plan.diagnostics), ['warning VM "web" is deleted and made anew']);
    assert.deepEqual(await core.applyReplacement(plan, fleet.configure), []);
    await assertSettled(core, fresh, fleet.configure);
    assert.notEqual(core.kept!.state["uid"], uid);
    using host = fleet.host("desk");
    assert.deepEqual([host.findDomain("web"), host.findDomain("front")?.status], [undefined, "running"]);
  });

  test("a replacement has the impact data-loss, and applies as it was planned", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    await fleet.configure();
    await core.refresh();
    const plan = await core.planReplace(core.config(WEB));
    assert.equal(plan.answer.planned?.["planned_impact"], "data-loss");
    assert.deepEqual(await core.applyReplacement(plan, fleet.configure), []);
    assert.equal(core.kept!.state["planned_impact"], "data-loss");
    await assertSettled(core, WEB, fleet.configure);
  });

  test("a second resource of one name is no replacement, whichever is planned first", async () => {
    for (const order of ["old first", "new first"])
      for (const adopt of [false, true]) {
        await using fleet = await startFleet("desk");
        const old = fleet.core();
        await settle(old, WEB, fleet.configure);
        await fleet.configure();
        await old.refresh();
        const fresh = fleet.core();
        const plans: (() => Promise<{ diagnostics: Parameters<typeof errorsOf>[0] }>)[] = [
          () => old.plan(old.config(WEB)),
          () => fresh.plan(fresh.config({ ...WEB, adopt })),
        ];
        const found = [];
        for (const plan of order === "old first" ? plans : plans.reverse()) found.push(...(await plan()).diagnostics);
        assert.deepEqual(told(errorsOf(found)), ["error VM_EXISTS name"], `${order}, ${adopt}`);
      }
  });

  test("a tainted VM is replaced without a refresh too", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    core.kept = { ...core.kept!, tainted: true };
    await fleet.configure();
    const plan = await core.plan(core.config(WEB));
    assert.deepEqual(await core.applyReplacement(plan, fleet.configure), []);
    await assertSettled(core, WEB, fleet.configure);
  });

  test("a tainted VM that is protected, or kept when it leaves, is not replaced", async () => {
    for (const [more, code] of [
      [{ protect: true }, "VM_PROTECTED"],
      [{ on_remove: "retain" }, "VM_EXISTS"],
    ] as const) {
      await using fleet = await startFleet("desk");
      const core = fleet.core();
      await settle(core, { ...WEB, ...more }, fleet.configure);
      core.kept = { ...core.kept!, tainted: true };
      await fleet.configure();
      await core.refresh();
      const plan = await core.plan(core.config({ ...WEB, ...more }));
      assert.deepEqual(told(errorsOf(plan.diagnostics)), [`error ${code}`]);
    }
  });

  test("a tainted VM that was renamed behind Terraform goes too", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    core.kept = { ...core.kept!, tainted: true };
    using host = fleet.host("desk");
    host.setDomain("web", { name: "mallory" });
    await fleet.configure();
    await core.refresh();
    const plan = await core.plan(core.config(WEB));
    assert.deepEqual(await core.applyReplacement(plan, fleet.configure), []);
    assert.equal(host.findDomain("mallory"), undefined);
    await assertSettled(core, WEB, fleet.configure);
  });
});

suite("what is ignored", () => {
  test("a changed image is planned as configured, told, and not done", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const other = { ...WEB, image: "debian-13", ssh_keys: ["ssh-ed25519 AAAA"] };
    const plan = await core.plan(core.config(other));
    assert.equal(plan.action, "update");
    assert.deepEqual(told(plan.diagnostics), ["warning CHANGE_IGNORED image", "warning CHANGE_IGNORED ssh_keys"]);
    const before = fleet.calls.get("desk execute");
    assert.deepEqual(await core.apply(plan), []);
    assert.equal(fleet.calls.get("desk execute"), before);
    await assertSettled(core, other, fleet.configure);
  });

  test("with image_on_change = recreate the root disk is made anew", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, { ...WEB, disks: { data: { size_gb: 5 } } }, fleet.configure);
    const { uid } = core.kept!.state;
    const plan = await settle(
      core,
      { ...WEB, image: "debian-13", image_on_change: "recreate", disks: { data: { size_gb: 5 } } },
      fleet.configure,
    );
    assert.equal(plan.answer.planned?.["planned_impact"], "data-loss");
    assert.equal(core.kept!.state["uid"], uid);
  });
});
