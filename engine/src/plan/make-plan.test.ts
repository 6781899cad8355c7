import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic, Observation, ObservedVm, PlanDocument, VmConfig } from "@ghost/schemas";
import { MISSING_DOMAIN, SAVED_DOMAIN } from "@ghost/schemas";
import type { Desired } from "../desired.ts";
import { aLiveVm, anAgent, anAnswer, aSet, aSpec, aVm, planOptions } from "../testdata/fixtures.ts";
import { buildTree, documentHash, planHash, stepHash } from "./bind.ts";
import type { PlanOptions } from "./make-plan.ts";
import { makePlan } from "./make-plan.ts";

/** Plans a spec against answers by the agents' names; an agent without an answer did not answer. */
function plan(desired: Desired, answers: Readonly<Record<string, Observation>>, options: Partial<PlanOptions> = {}): PlanDocument {
  const observations = desired.agents.map((agent) => {
    const observation = answers[agent.name];
    return observation === undefined ? { agent } : { agent, observation };
  });
  return makePlan({ desired, observations, options: planOptions(options) });
}

const steps = ({ steps: all }: PlanDocument): string[] => all.map(({ body, impact }) => `${body.action} ${body.name} ${impact}`);
const codes = ({ diagnostics }: PlanDocument): string[] => diagnostics.map(({ code, severity }) => `${severity} ${code}`);
const only = ({ diagnostics }: PlanDocument): Diagnostic => {
  assert.equal(diagnostics.length, 1, JSON.stringify(diagnostics));
  return diagnostics[0]!;
};
const members = ({ set }: PlanDocument): string[] => set.members.map(({ name, uid, agentId }) => `${agentId}/${name}/${uid}`);
const two = [anAgent("desk"), anAgent("loft")];

suite("steps", () => {
  const cases: { name: string; spec: Desired; answer: Observation; want: string[]; options?: Partial<PlanOptions> }[] = [
    { name: "nothing to do", spec: aSpec([aVm("web")]), answer: anAnswer("desk", [aLiveVm("web")]), want: [] },
    { name: "a new VM", spec: aSpec([aVm("web")]), answer: anAnswer("desk"), want: ["create web none"] },
    {
      name: "a changed VM",
      spec: aSpec([aVm("web", { vcpu: 4 })]),
      answer: anAnswer("desk", [aLiveVm("web")]),
      want: ["update web restart"],
    },
    { name: "a VM that left the spec", spec: aSpec([]), answer: anAnswer("desk", [aLiveVm("web")]), want: ["delete web data-loss"] },
    {
      name: "one that is to be kept",
      spec: aSpec([]),
      answer: anAnswer("desk", [aLiveVm("web", { on_remove: "retain" })]),
      want: ["release web none"],
    },
    {
      name: "nobody's VM is left alone",
      spec: aSpec([]),
      answer: anAnswer("desk", [
        aLiveVm("a", {}, { owner: "" }),
        aLiveVm("b", {}, { owner: "terraform:shop" }),
        aLiveVm("c", {}, { owner: "agent", phase: "creating" }),
      ]),
      want: [],
    },
    {
      name: "a create that did not finish",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { phase: "creating", status: "stopped" })]),
      want: ["create web none"],
    },
    {
      name: "a create whose end did not get on record",
      spec: aSpec([aVm("web"), aVm("db", { vcpu: 4 })]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { phase: "creating" }), aLiveVm("db", {}, { phase: "creating" })]),
      want: ["update db restart", "update web none"],
    },
    {
      name: "a VM that was not seen ready, alone and with a change",
      spec: aSpec([aVm("web", { wait_for: "ip" }), aVm("db", { wait_for: "cloud-init", vcpu: 4 })]),
      answer: anAnswer("desk", [
        aLiveVm("web", { wait_for: "ip" }, { isAwaited: true }),
        aLiveVm("db", { wait_for: "cloud-init" }, { isAwaited: true }),
      ]),
      want: ["update db restart", "update web none"],
    },
    {
      name: "one that is not waited for any more, or does not run",
      spec: aSpec([aVm("web"), aVm("down", { wait_for: "ip", power: "stopped" }), aVm("theirs", { wait_for: "ip", power: "unmanaged" })]),
      answer: anAnswer("desk", [
        aLiveVm("web", {}, { isAwaited: true }),
        aLiveVm("down", { wait_for: "ip", power: "stopped" }, { isAwaited: true }),
        aLiveVm("theirs", { wait_for: "ip", power: "unmanaged" }, { isAwaited: true, status: "stopped" }),
      ]),
      want: [],
    },
    {
      name: "one of those that left the spec",
      spec: aSpec([]),
      answer: anAnswer("desk", [aLiveVm("web", { on_remove: "retain" }, { phase: "creating" })]),
      want: ["release web none"],
    },
    {
      name: "a create that left the spec",
      spec: aSpec([]),
      answer: anAnswer("desk", [aLiveVm("web", { on_remove: "retain" }, { phase: "creating", status: "stopped" })]),
      want: ["delete web data-loss"],
    },
    {
      name: "a delete that did not finish",
      spec: aSpec([]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { phase: "deleting" })]),
      want: ["delete web data-loss"],
    },
    {
      name: "a delete that did not finish of a VM that is wanted again",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { phase: "deleting" })]),
      want: ["create web none", "delete web data-loss"],
    },
    {
      name: "a VM that its hypervisor lost",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { status: "error", statusReason: MISSING_DOMAIN })]),
      want: ["create web none"],
    },
    {
      name: "a VM that its hypervisor lost and that loses a disk, too",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web", { disks: { a: { size_gb: 1 } } }, { status: "error", statusReason: MISSING_DOMAIN })]),
      want: ["create web data-loss"],
    },
    {
      name: "a stopped VM that its hypervisor lost",
      spec: aSpec([aVm("web", { power: "stopped" })]),
      answer: anAnswer("desk", [aLiveVm("web", { power: "stopped" }, { status: "error", statusReason: MISSING_DOMAIN })]),
      want: ["create web none"],
    },
    {
      name: "a crashed VM is down",
      spec: aSpec([aVm("web", { power: "stopped" })]),
      answer: anAnswer("desk", [aLiveVm("web", { power: "stopped" }, { status: "error", statusReason: "crashed" })]),
      want: [],
    },
    {
      name: "a crashed VM is started",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { status: "error", statusReason: "crashed" })]),
      want: ["update web none"],
    },
    {
      name: "a former name",
      spec: aSpec([aVm("shop", {}, { previousNames: ["web"] })]),
      answer: anAnswer("desk", [aLiveVm("web")]),
      want: ["update shop restart"],
    },
    {
      name: "a former name that is in use again",
      spec: aSpec([aVm("shop", {}, { previousNames: ["web"] }), aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web")]),
      want: ["create shop none"],
    },
    {
      name: "adopting",
      spec: aSpec([aVm("web", { vcpu: 2 }, { adopt: true })]),
      answer: anAnswer("desk", [aLiveVm("web", { firmware: "uefi" }, { owner: "", applied: {}, defaults: {} })]),
      want: ["adopt web restart"],
    },
    {
      name: "adopting what is as wanted",
      spec: aSpec([aVm("web", {}, { adopt: true })]),
      answer: anAnswer("desk", [aLiveVm("web", {}, { owner: "terraform:shop" })]),
      want: ["adopt web none"],
    },
    {
      name: "settings",
      spec: aSpec([], [anAgent("desk", { reserved_vcpu: 2, labels: { room: "office" } })]),
      answer: anAnswer("desk"),
      want: ["settings desk none"],
    },
    {
      name: "replicas scaled down lose the highest",
      spec: aSpec([aVm("web-1", {}, { key: "web", index: 1 })]),
      answer: anAnswer("desk", [aLiveVm("web-1"), aLiveVm("web-2")]),
      want: ["delete web-2 data-loss"],
    },
    {
      name: "destroying",
      spec: aSpec([aVm("web")]),
      answer: anAnswer("desk", [aLiveVm("web"), aLiveVm("old"), aLiveVm("kept", { on_remove: "retain" })]),
      want: ["release kept none", "delete old data-loss", "delete web data-loss"],
      options: { destroy: true },
    },
    {
      name: "a target",
      spec: aSpec([aVm("a"), aVm("b")]),
      answer: anAnswer("desk", [aLiveVm("old")]),
      want: ["create a none"],
      options: { targets: ["a"] },
    },
    {
      name: "a target with what it depends on",
      spec: aSpec([aVm("a", {}, { dependsOn: ["b"] }), aVm("b-1", {}, { key: "b", index: 1 }), aVm("c")]),
      answer: anAnswer("desk"),
      want: ["create a none", "create b-1 none"],
      options: { targets: ["a"] },
    },
    {
      name: "a target that left the spec",
      spec: aSpec([aVm("a")]),
      answer: anAnswer("desk", [aLiveVm("old"), aLiveVm("older")]),
      want: ["delete old data-loss"],
      options: { targets: ["old"] },
    },
    {
      name: "all but one",
      spec: aSpec([aVm("a"), aVm("b")]),
      answer: anAnswer("desk", [aLiveVm("old")]),
      want: ["create a none"],
      options: { exclude: ["b", "old"] },
    },
  ];
  for (const { name, spec, answer, want, options } of cases) {
    test(name, () => {
      const made = plan(spec, { desk: answer }, options);
      assert.deepEqual(steps(made), want);
      assert.deepEqual(made.diagnostics, []);
    });
  }

  test("a step carries what the agent needs and why", () => {
    const live = aLiveVm("web", { image: "debian-12" });
    const [step] = plan(aSpec([aVm("web", { vcpu: 4, image: "debian-13" })]), { desk: anAnswer("desk", [live]) }).steps;
    assert.equal(step?.reason, "vcpu: without vcpu_max the number of processors is fixed when the machine starts");
    assert.equal(step.body.revision, live.revision);
    assert.equal(step.body.uid, "uid-web");
    assert.deepEqual([step.body.vm?.vcpu, step.body.vm?.image, step.body.vm?.firmware], [4, "debian-12", "bios"]);
    assert.equal(step.body.defaults, undefined);
    assert.ok(step.projection !== undefined);
  });

  test("that a VM is waited for is told beside what else is done", () => {
    const awaited = aLiveVm("web", { wait_for: "guest-agent" }, { isAwaited: true });
    const reasonOf = (vm: Parameters<typeof aVm>, existing = awaited): string | undefined =>
      plan(aSpec([aVm(...vm)]), { desk: anAnswer("desk", [existing]) }).steps[0]?.reason;
    const waits = "it was not seen ready yet: waits until the agent in the guest answers (wait_for: guest-agent)";
    const config = { wait_for: "guest-agent" } as const;
    assert.equal(reasonOf(["web", config]), waits);
    assert.match(reasonOf(["web", { ...config, labels: { a: "b" } }])!, /^it was not seen ready yet: [^;]*; labels\.a: /);
    assert.equal(
      reasonOf(["web", config, { adopt: true }], { ...awaited, owner: "" }),
      `taken over from nobody; ${waits}; nothing else changes`,
    );
  });

  test("an unfinished create keeps its uid, a new one gets one", () => {
    const made = plan(aSpec([aVm("a"), aVm("b")]), {
      desk: anAnswer("desk", [aLiveVm("a", {}, { phase: "creating", status: "stopped" })]),
    });
    assert.deepEqual(
      made.steps.map(({ body }) => [body.uid, body.revision]),
      [
        ["uid-a", ""],
        ["new-1", ""],
      ],
    );
  });

  test("a wanted VM waits for the delete of its name that was begun", () => {
    const made = plan(aSpec([aVm("web")]), { desk: anAnswer("desk", [aLiveVm("web", {}, { phase: "deleting" })]) });
    assert.deepEqual(
      made.steps.map(({ id, depends_on }) => [id, depends_on]),
      [
        ["desk/vm/web", ["desk/vm/web/uid-web"]],
        ["desk/vm/web/uid-web", []],
      ],
    );
    assert.deepEqual(members(made), ["id-desk/web/new-1"]);
  });

  test("adopting records the hardware it found as defaults and names the owner before", () => {
    const foreign = aLiveVm("web", { firmware: "uefi" }, { owner: "terraform:shop", applied: {}, defaults: {} });
    const [step] = plan(aSpec([aVm("web", {}, { adopt: true })]), { desk: anAnswer("desk", [foreign]) }).steps;
    assert.equal(step?.body.defaults?.firmware, "uefi");
    assert.equal(step.owner, "terraform:shop");
  });

  test("adopting gives no card and no root disk to a VM that has none", () => {
    const { networks: _networks, disk_gb: _diskGb, ...live } = aLiveVm("web").live;
    const bare = aLiveVm("web", {}, { owner: "", applied: {}, defaults: {}, live, diskIds: {} });
    const adopted = (config: VmConfig = {}): PlanDocument =>
      plan(aSpec([aVm("web", config, { adopt: true })]), { desk: anAnswer("desk", [bare]) });
    const [step] = adopted().steps;
    assert.deepEqual([step?.changes, step?.body.vm?.networks, step?.body.vm?.disk_gb], [[], undefined, undefined]);
    const asked = adopted({ networks: { lan: {} } }).steps[0]?.changes;
    assert.deepEqual(
      asked?.map(({ op, path }) => [op, ...path]),
      [["add", "networks", "lan"]],
    );
    // From then on: neither is missed.
    const { vm, defaults } = step?.body ?? {};
    const own = aLiveVm("web", {}, { live, applied: vm ?? {}, defaults: defaults ?? {}, diskIds: {} });
    assert.deepEqual(steps(plan(aSpec([aVm("web", {}, { adopt: true })]), { desk: anAnswer("desk", [own]) })), []);
  });

  test("what was saved with its memory goes on before it is changed", () => {
    const saved = aLiveVm("web", { disks: { data: { size_gb: 5 } } }, { status: "stopped", statusReason: SAVED_DOMAIN });
    const of = (config: VmConfig): PlanDocument => plan(aSpec([aVm("web", config)]), { desk: anAnswer("desk", [saved]) });
    const disks = { data: { size_gb: 5 } };
    for (const config of [{ disks, vcpu: 2 }, { disks: {} }, { disks, ssh_keys: ["a"], cloud_init_on_change: "recreate" }] as VmConfig[])
      assert.deepEqual(codes(of(config)), ["error VM_POWER_STATE"]);
    const { detail, hint, at } = only(of({ disks, vcpu: 2, name: "web" }));
    assert.match(detail, /VM "web" was saved while it ran.*: vcpu cannot change before\.$/);
    assert.match(hint ?? "", /ghost vm start web.*virsh managedsave-remove web/);
    assert.equal(at?.line, 12);
    const goesOn = of({ disks, labels: { a: "b" } });
    assert.deepEqual([codes(goesOn), steps(goesOn)], [[], ["update web none"]]);
    assert.match(goesOn.steps[0]!.changes.find(({ path }) => path[0] === "power")!.reason, /goes on from where it was saved/);
    assert.deepEqual(codes(of({ disks, vcpu: 2, power: "stopped" })), ["error VM_POWER_STATE"]);
  });

  const LOST = { status: "error", statusReason: MISSING_DOMAIN } as const;

  test("making a VM that its hypervisor lost says which disks are left", () => {
    const disks = { a: { size_gb: 5 }, b: { size_gb: 6 } };
    const cases: [ObservedVm["diskIds"], string][] = [
      [{ root: "d", a: "d1", b: "d2" }, "it is defined again over its disks"],
      [{ a: "d1", b: "d2" }, "it is defined again over the disks that are left; Ghost has no disk root of it, which is made anew"],
      [{ root: "d" }, "it is defined again over the disks that are left; Ghost has no disks a, b of it, which are made anew"],
      [{}, "Ghost has no disks root, a, b of it, which are made anew"],
    ];
    for (const [diskIds, want] of cases) {
      const [step] = plan(aSpec([aVm("web", { disks })]), {
        desk: anAnswer("desk", [aLiveVm("web", { disks }, { ...LOST, diskIds })]),
      }).steps;
      assert.equal(step?.reason, `the hypervisor does not have it any more; ${want}`);
    }
  });

  test("deleting says which disks are deleted and which stay", () => {
    const reason = (more: Partial<ObservedVm>): string =>
      plan(aSpec([]), { desk: anAnswer("desk", [aLiveVm("web", { disks: { a: { size_gb: 5 }, b: { size_gb: 6 } } }, more)]) }).steps[0]!
        .reason;
    const diskIds = { root: "d", a: "d1", b: "d2" };
    const cases: [Partial<ObservedVm>, string][] = [
      [{ diskIds }, "its 3 disks (21 GiB) are deleted"],
      [
        { diskIds, foreignDisks: ["root"] },
        "its disks a (5 GiB) and b (6 GiB) are deleted; its disk root (10 GiB) stays: Ghost did not make it",
      ],
      [
        { diskIds, foreignDisks: ["a", "root"] },
        "its disk b (6 GiB) is deleted; its disks a (5 GiB) and root (10 GiB) stay: Ghost did not make them",
      ],
      [{ diskIds, foreignDisks: ["a", "b", "root"] }, "its disks a (5 GiB), b (6 GiB) and root (10 GiB) stay: Ghost did not make them"],
      [{ ...LOST, diskIds: { a: "d1", b: "d2" } }, "its 2 disks (11 GiB) are deleted"],
      [{ ...LOST, diskIds: {} }, "Ghost has no disk of it any more"],
    ];
    for (const [more, want] of cases) assert.equal(reason(more), `it left the spec; ${want}`);
  });

  test("a rename says the former name", () => {
    const [step] = plan(aSpec([aVm("shop", {}, { previousNames: ["web"] })]), { desk: anAnswer("desk", [aLiveVm("web")]) }).steps;
    assert.deepEqual([step?.body.previous_name, step?.body.name, step?.body.uid], ["web", "shop", "uid-web"]);
  });

  test("secrets go with what writes the guest's setup, and only with that", () => {
    const secrets = { "cloud_init.password": "env:PW" };
    const config = { cloud_init: { password: { version: 1 } } };
    const of = (change: object, live?: Parameters<typeof aLiveVm>[1]) =>
      plan(aSpec([aVm("web", { ...config, ...change }, { secrets })]), {
        desk: anAnswer("desk", live === undefined ? [] : [aLiveVm("web", live)]),
      }).steps[0]?.secrets;
    assert.deepEqual(of({}), secrets);
    assert.deepEqual(of({ firmware: "uefi" }, config), secrets);
    assert.equal(of({ vcpu: 2 }, config), undefined);
  });
});

suite("order", () => {
  const edges = (made: PlanDocument): Record<string, readonly string[]> =>
    Object.fromEntries(made.steps.map(({ body, depends_on }) => [body.name, depends_on]));
  const chain = [
    aVm("web-1", {}, { key: "web", index: 1, dependsOn: ["db"] }),
    aVm("web-2", {}, { key: "web", index: 2, dependsOn: ["db"] }),
    aVm("db"),
    aVm("lb", {}, { dependsOn: ["web"] }),
  ];

  test("what is depended on comes first, with all its replicas", () => {
    assert.deepEqual(edges(plan(aSpec(chain), { desk: anAnswer("desk") })), {
      db: [],
      "web-1": ["desk/vm/db"],
      "web-2": ["desk/vm/db"],
      lb: ["desk/vm/web-1", "desk/vm/web-2"],
    });
  });

  test("deleting goes the other way", () => {
    const live = chain.map(({ name }) => aLiveVm(name));
    assert.deepEqual(edges(plan(aSpec(chain), { desk: anAnswer("desk", live) }, { destroy: true })), {
      lb: [],
      "web-1": ["desk/vm/lb"],
      "web-2": ["desk/vm/lb"],
      db: ["desk/vm/web-1", "desk/vm/web-2"],
    });
  });

  test("destroying takes everything that is the stack's, wherever the spec would have it", () => {
    const moved = aSpec([aVm("web", {}, { agent: "loft" }), aVm("other", {}, { agent: "loft" })], two);
    const answers = { desk: anAnswer("desk", [aLiveVm("web")]), loft: anAnswer("loft", [aLiveVm("other", {}, { owner: "" })]) };
    const made = plan(moved, answers, { destroy: true });
    assert.deepEqual([steps(made), made.diagnostics], [["delete web data-loss"], []]);
  });

  test("what has nothing to do is no edge", () => {
    const live = [aLiveVm("db"), aLiveVm("web-1"), aLiveVm("web-2")];
    assert.deepEqual(edges(plan(aSpec(chain), { desk: anAnswer("desk", live) })), { lb: [] });
  });

  test("settings of the agent come before its VMs", () => {
    const made = plan(aSpec([aVm("a"), aVm("b", {}, { agent: "loft" })], [anAgent("desk", { reserved_vcpu: 1 }), anAgent("loft")]), {
      desk: anAnswer("desk"),
      loft: anAnswer("loft"),
    });
    assert.deepEqual(edges(made), { desk: [], a: ["desk/agent/desk"], b: [] });
  });
});

suite("what is refused", () => {
  const cases: {
    name: string;
    spec: Desired;
    answers: Record<string, Observation>;
    want: string[];
    steps?: string[];
    options?: Partial<PlanOptions>;
  }[] = [
    {
      name: "somebody else's VM",
      spec: aSpec([aVm("web")]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", {}, { owner: "spec:other" })]) },
      want: ["error OWNED_BY_OTHER"],
    },
    {
      name: "renaming to somebody else's name deletes nothing",
      spec: aSpec([aVm("web", {}, { previousNames: ["old"] })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", {}, { owner: "" }), aLiveVm("old")]) },
      want: ["error OWNED_BY_OTHER"],
    },
    {
      name: "a protected VM that left the spec",
      spec: aSpec([]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { protect: true })]) },
      want: ["error VM_PROTECTED"],
      steps: ["delete web data-loss"],
    },
    {
      name: "a disk of a protected VM",
      spec: aSpec([aVm("web", { protect: true })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { protect: true, disks: { a: { size_gb: 1 } } })]) },
      want: ["error VM_PROTECTED"],
      steps: ["update web data-loss"],
    },
    {
      name: "unprotecting in the same step",
      spec: aSpec([aVm("web")]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { protect: true, disks: { a: { size_gb: 1 } } })]) },
      want: ["error VM_PROTECTED"],
      steps: ["update web data-loss"],
    },
    {
      name: "unprotecting alone is fine",
      spec: aSpec([aVm("web")]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { protect: true })]) },
      want: [],
      steps: ["update web none"],
    },
    {
      name: "more than the VM allows",
      spec: aSpec([aVm("web", { vcpu: 2, disruption: { allow: "live" } })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]) },
      want: ["error IMPACT_EXCEEDED"],
      steps: ["update web restart"],
    },
    {
      name: "more than the VM allows so far",
      spec: aSpec([aVm("web", { vcpu: 2, disruption: { allow: "restart" } })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { disruption: { allow: "live" } })]) },
      want: ["error IMPACT_EXCEEDED"],
      steps: ["update web restart"],
    },
    {
      name: "allowing more is no disruption",
      spec: aSpec([aVm("web", { disruption: { allow: "restart" } })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { disruption: { allow: "none" } })]) },
      want: [],
      steps: ["update web none"],
    },
    {
      name: "deleting what the recorded word forbids",
      spec: aSpec([]),
      answers: { desk: anAnswer("desk", [aLiveVm("web", { disruption: { allow: "restart" } })]) },
      want: ["error IMPACT_EXCEEDED"],
      steps: ["delete web data-loss"],
    },
    {
      name: "more than is allowed",
      spec: aSpec([aVm("web", { vcpu: 2 })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]) },
      want: ["error IMPACT_EXCEEDED"],
      steps: ["update web restart"],
      options: { maxImpact: "live" },
    },
    {
      name: "more deletions than are allowed",
      spec: aSpec([]),
      answers: { desk: anAnswer("desk", [aLiveVm("a"), aLiveVm("b")]) },
      want: ["error DESTROY_EXCEEDED"],
      steps: ["delete a data-loss", "delete b data-loss"],
      options: { maxDestroy: 1 },
    },
    {
      name: "as many deletions as are allowed",
      spec: aSpec([]),
      answers: { desk: anAnswer("desk", [aLiveVm("a")]) },
      want: [],
      steps: ["delete a data-loss"],
      options: { maxDestroy: 1 },
    },
    {
      name: "a VM on another agent",
      spec: aSpec([aVm("web", {}, { agent: "loft" })], two),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]), loft: anAnswer("loft") },
      want: ["error AGENT_CHANGED"],
    },
    {
      name: "a VM on another agent under its former name",
      spec: aSpec([aVm("shop", {}, { agent: "loft", previousNames: ["web"] })], two),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]), loft: anAnswer("loft") },
      want: ["error AGENT_CHANGED"],
    },
    {
      name: "moved to an agent that is silent",
      spec: aSpec([aVm("web", {}, { agent: "loft" })], two),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]) },
      want: ["error AGENT_UNREACHABLE", "error AGENT_CHANGED"],
    },
    {
      name: "moved from an agent that is silent",
      spec: aSpec([aVm("web")], two),
      answers: { desk: anAnswer("desk", [], { set: aSet(["loft/web"]) }) },
      want: ["error AGENT_UNREACHABLE", "error AGENT_CHANGED"],
    },
    {
      name: "replicas on a VM that exists",
      spec: aSpec([aVm("web-1", {}, { key: "web", index: 1 })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]) },
      want: ["error REPLICAS_CHANGED"],
    },
    {
      name: "replicas taken away",
      spec: aSpec([aVm("web")]),
      answers: { desk: anAnswer("desk", [aLiveVm("web-1"), aLiveVm("web-2")]) },
      want: ["error REPLICAS_CHANGED"],
    },
    {
      name: "replicas with a former name",
      spec: aSpec([aVm("web-1", {}, { key: "web", index: 1, previousNames: ["web"] })]),
      answers: { desk: anAnswer("desk", [aLiveVm("web")]) },
      want: [],
      steps: ["update web-1 restart"],
    },
    {
      name: "a host that takes no new VMs",
      spec: aSpec([aVm("web"), aVm("old", { vcpu: 2 })]),
      answers: { desk: anAnswer("desk", [aLiveVm("old")], { host: { settings: { schedulable: false } } }) },
      want: ["error HOST_NOT_SCHEDULABLE"],
      steps: ["update old restart", "create web none"],
    },
    {
      name: "a name that is no VM",
      spec: aSpec([aVm("web")]),
      answers: { desk: anAnswer("desk") },
      want: ["error USAGE"],
      steps: [],
      options: { targets: ["wbe"] },
    },
  ];
  for (const { name, spec, answers, want, steps: wantSteps = [], options } of cases) {
    test(name, () => {
      const made = plan(spec, answers, options);
      assert.deepEqual(codes(made), want);
      assert.deepEqual(steps(made), wantSteps);
    });
  }

  test("an image that its host does not have, where a disk is to be made from it", () => {
    const images = [{ name: "debian-12", digest: "", cached: false, sizeBytes: 0 }];
    const vms = [aVm("web", { image: "debian-21" }), aVm("old", { image: "gone", labels: { a: "1" } }), aVm("db", { image: "debian-12" })];
    const { code, detail, hint, path } = only(
      plan(aSpec(vms), { desk: anAnswer("desk", [aLiveVm("old", { image: "gone" })], { host: { images } }) }),
    );
    assert.deepEqual({ code, path }, { code: "IMAGE_UNKNOWN", path: ["vms", "web", "image"] });
    assert.match(`${detail} ${hint}`, /which has debian-12.*debian-12/);
  });

  suite("networks that the host does not have", () => {
    const networks = { networks: ["default", "lab"], bridges: ["br0"] };
    const cases = [
      { name: "a network", cards: { lan: { network: "lob" } }, says: /lan.*network "lob".*default, lab.*lab/s, at: ["lan", "network"] },
      { name: "a bridge", cards: { lan: { bridge: "br1" } }, says: /bridge "br1".*it has br0/s, at: ["lan", "bridge"] },
      { name: "what it has", cards: { a: { network: "lab" }, b: { bridge: "br0" }, c: { network: "user" } } },
    ] as const;
    for (const { name, cards, ...want } of cases) {
      test(name, () => {
        const isNew = plan(aSpec([aVm("web", { networks: cards })]), { desk: anAnswer("desk", [], { host: { networks } }) });
        const added = plan(aSpec([aVm("web", { networks: { default: { network: "gone" }, ...cards } })]), {
          desk: anAnswer("desk", [aLiveVm("web", { networks: { default: { network: "gone" } } })], { host: { networks } }),
        });
        // A card that stays where it is may be on a network that is gone by now.
        for (const made of [isNew, added]) {
          if (!("at" in want)) {
            assert.deepEqual(codes(made), []);
            continue;
          }
          const { code, detail, hint, path } = only(made);
          assert.deepEqual({ code, path }, { code: "NETWORK_UNKNOWN", path: ["vms", "web", "networks", ...want.at] });
          assert.match(`${detail}\n${hint}`, want.says);
        }
        assert.deepEqual(codes(plan(aSpec([aVm("web", { networks: cards })]), { desk: anAnswer("desk") })), []);
      });
    }

    test("the default network, of a VM that names none", () => {
      const bare = { networks: ["lab"], bridges: [] };
      const { code, detail } = only(plan(aSpec([aVm("web")]), { desk: anAnswer("desk", [], { host: { networks: bare } }) }));
      assert.equal(code, "NETWORK_UNKNOWN");
      assert.match(detail, /"default".*it has lab/);
    });
  });

  test("it says who owns it, since when and where it stands in the spec", () => {
    const foreign = aLiveVm("web", {}, { owner: "terraform:shop", appliedAt: new Date("2025-12-31T10:00:00Z") });
    const { detail, at, hint } = only(plan(aSpec([aVm("web")]), { desk: anAnswer("desk", [foreign]) }));
    assert.equal(detail, 'VM "web" on agent "desk" belongs to terraform:shop since 2025-12-31; it is not changed.');
    assert.deepEqual(at, { file: "ghost.yaml", line: 10, column: 3 });
    assert.match(hint!, /ghost adopt web/);
  });

  test("an impact above the ceiling points at the step and at the value that decides", () => {
    const { path, at, detail } = only(
      plan(aSpec([aVm("web", { vcpu: 2 })]), { desk: anAnswer("desk", [aLiveVm("web")]) }, { maxImpact: "live" }),
    );
    assert.deepEqual(path, ["desk/vm/web"]);
    assert.deepEqual(at, { file: "ghost.yaml", line: 12, column: 11 });
    assert.match(detail, /impact restart \(vcpu: .*\); the worst allowed is live/);
  });
});

suite("capacity", () => {
  const left = (vcpu: number, ram_gb = 1000, disk_gb = 1000) => ({
    host: { available: { vcpu, ram_gb, disk_gb }, total: { vcpu: 16, ram_gb: 64, disk_gb: 1000 } },
  });

  test("what does not fit is short by how much", () => {
    const made = plan(aSpec([aVm("a", { vcpu: 2 }), aVm("b", { vcpu: 4, ram_gb: 4, disks: { x: { size_gb: 5 } } })]), {
      desk: anAnswer("desk", [], left(4, 4, 20)),
    });
    assert.deepEqual(codes(made), ["error HOST_OUT_OF_VCPU", "error HOST_OUT_OF_MEMORY", "error HOST_OUT_OF_DISK"]);
    assert.equal(made.diagnostics[0]!.detail, 'Agent "desk" has 4 of 16 processors left and the plan needs 6 for "a", "b": 2 short.');
    assert.match(made.diagnostics[2]!.detail, /20 GiB of 1000 GiB disk space left and the plan needs 25 GiB/);
    assert.deepEqual(made.diagnostics[0]!.path, ["vms", "b", "vcpu"]);
  });

  test("growth counts, what shrinks or is deleted counts only afterwards", () => {
    const live = [aLiveVm("a", { vcpu: 2 }), aLiveVm("b", { vcpu: 8 })];
    const made = plan(aSpec([aVm("a", { vcpu: 4 })]), { desk: anAnswer("desk", live, left(1)) });
    assert.deepEqual(codes(made), ["error HOST_OUT_OF_VCPU"]);
    assert.match(made.diagnostics[0]!.detail, /1 short\. What the plan gives back is free only afterwards\.$/);
    assert.equal(plan(aSpec([aVm("a", { vcpu: 4 })]), { desk: anAnswer("desk", live, left(2)) }).diagnostics.length, 0);
    assert.equal(made.agents[0]!.available_after?.vcpu, 1 - 2 + 8);
  });

  test("a raised reserve is taken first", () => {
    const spec = aSpec([aVm("a")], [anAgent("desk", { reserved_vcpu: 4 })]);
    assert.deepEqual(codes(plan(spec, { desk: anAnswer("desk", [], left(4)) })), ["error HOST_OUT_OF_VCPU"]);
  });

  test("what a change that was cut off has stored for the next boot is taken already", () => {
    const pending = { vcpu: 4, disks: { data: { size_gb: 5 } } };
    const live = [aLiveVm("a", { vcpu: 2, vcpu_max: 4 }, { pending })];
    const made = plan(aSpec([aVm("a", { vcpu_max: 4, ...pending })]), { desk: anAnswer("desk", live, left(0, 0, 0)) });
    assert.deepEqual([steps(made), codes(made)], [["update a live"], []]);
    assert.equal(made.agents[0]!.available_after?.vcpu, 0);
  });

  test("an unfinished create already has its share", () => {
    const made = plan(aSpec([aVm("a", { vcpu: 4 })]), {
      desk: anAnswer("desk", [aLiveVm("a", { vcpu: 4 }, { phase: "creating" })], left(0)),
    });
    assert.deepEqual(made.diagnostics, []);
  });
});

suite("the stack's record", () => {
  const renamedBehind = anAnswer("desk", [aLiveVm("other", {}, { uid: "uid-web" })], { set: aSet(["desk/web"]) });

  test("knows a VM that was renamed behind Ghost: it gets its name back", () => {
    const made = plan(aSpec([aVm("web")]), { desk: renamedBehind });
    assert.deepEqual(steps(made), ["update web restart"]);
    assert.deepEqual([made.steps[0]!.body.uid, made.steps[0]!.body.previous_name], ["uid-web", "other"]);
  });

  test("does not decide where the spec means that VM by its present name", () => {
    assert.deepEqual(steps(plan(aSpec([aVm("web"), aVm("other")]), { desk: renamedBehind })), ["create web none"]);
    assert.deepEqual(
      plan(aSpec([aVm("web"), aVm("third", {}, { previousNames: ["other"] })]), { desk: renamedBehind }).steps.map(
        ({ body }) => `${body.action} ${body.name} ${body.previous_name}`,
      ),
      ["update third other", "create web undefined"],
    );
  });

  test("keeps what another plan may still make, with its time, for as long as it may or does", () => {
    const until = "2026-01-01T00:00:00Z";
    const set = aSet(["desk/x"]);
    const copy = { ...set, members: set.members.map((member) => ({ ...member, until })) };
    const running = { id: "o", uid: "uid-x" } as Observation["operations"][number];
    const at = (now: string, operations: Observation["operations"] = []) =>
      plan(aSpec([]), { desk: { ...anAnswer("desk", [], { set: copy }), operations } }, { now: new Date(now) }).set;
    assert.deepEqual(at("2026-01-01T00:59:59Z").members, copy.members);
    assert.deepEqual(at("2026-01-01T00:59:59Z").outdated, []);
    assert.deepEqual(at("2026-01-01T01:00:01Z").members, []);
    assert.deepEqual(at("2026-01-01T01:00:01Z").outdated, ["desk"]);
    assert.deepEqual(at("2026-01-09T00:00:00Z", [running]).members, copy.members);
  });

  test("is written again where something may be made for longer than it says", () => {
    const set = aSet(["desk/web"]);
    const copy = { ...set, members: set.members.map((member) => ({ ...member, until: "2026-01-02T04:00:00Z" })) };
    const made = plan(aSpec([aVm("web", {}, { adopt: true })]), {
      desk: anAnswer("desk", [aLiveVm("web", {}, { owner: "agent" })], { set: copy }),
    });
    assert.deepEqual([made.set.members[0]!.until, made.set.outdated], ["2026-01-03T03:04:05Z", ["desk"]]);
  });
});

suite("agents", () => {
  test("one that is silent: its VMs are unknown, the others are planned", () => {
    const spec = aSpec([aVm("web"), aVm("db", {}, { agent: "loft" })], two);
    const made = plan(spec, { desk: anAnswer("desk", [], { set: aSet(["loft/db", "loft/gone"]) }) });
    assert.deepEqual(steps(made), ["create web none"]);
    assert.deepEqual(
      made.unknown.map(({ agent, name, uid }) => `${agent}/${name}/${uid}`),
      ["loft/db/uid-db", "loft/gone/uid-gone"],
    );
    assert.deepEqual(codes(made), ["error AGENT_UNREACHABLE"]);
    assert.deepEqual(members(made), ["id-loft/db/uid-db", "id-loft/gone/uid-gone", "id-desk/web/new-1"]);
    assert.equal(made.summary.unknown, 2);
    assert.deepEqual(
      made.set.agents.map(({ agentId }) => agentId),
      ["id-desk", "id-loft"],
    );
  });

  test("with partial a silent one is a warning", () => {
    assert.deepEqual(codes(plan(aSpec([aVm("db", {}, { agent: "loft" })], two), { desk: anAnswer("desk") }, { partial: true })), [
      "warning AGENT_UNREACHABLE",
    ]);
  });

  test("a silent one is known by its address when its name changed", () => {
    const spec = aSpec([], [anAgent("desk"), { ...anAgent("attic"), address: "loft.example:9090" }]);
    const made = plan(spec, { desk: anAnswer("desk", [], { set: aSet(["loft/db"]) }) });
    assert.deepEqual(codes(made), ["error AGENT_UNREACHABLE"]);
    assert.deepEqual(
      made.unknown.map(({ agent, name }) => `${agent}/${name}`),
      ["attic/db"],
    );
  });

  test("one that left the spec with members", () => {
    const made = plan(aSpec([]), { desk: anAnswer("desk", [], { set: aSet(["loft/db"], ["desk"]) }) });
    assert.deepEqual(codes(made), ["error AGENT_MISSING"]);
    assert.deepEqual(
      made.unknown.map(({ reason }) => reason),
      ["its agent left the spec"],
    );
    assert.deepEqual(members(made), ["id-loft/db/uid-db"]);
  });

  test("one that left the spec without members is dropped", () => {
    const made = plan(aSpec([]), { desk: anAnswer("desk", [], { set: aSet([], ["desk", "loft"]) }) });
    assert.deepEqual(codes(made), []);
    assert.deepEqual(
      made.set.agents.map(({ agentId }) => agentId),
      ["id-desk"],
    );
    assert.deepEqual(made.set.outdated, ["desk"]);
  });

  test("another agent under a known name", () => {
    const made = plan(aSpec([aVm("web")]), { desk: anAnswer("desk", [], { host: { agentId: "stranger" }, set: aSet(["desk/web"]) }) });
    assert.deepEqual(codes(made), ["error AGENT_REPLACED"]);
    assert.deepEqual(steps(made), []);
    assert.deepEqual(
      made.unknown.map(({ name, uid }) => `${name}/${uid}`),
      ["web/uid-web"],
    );
  });

  test("two agents that changed their names are the same agents", () => {
    const set = aSet(["desk/web", "loft/db"]);
    const swapped = { desk: anAnswer("loft", [aLiveVm("db")], { set }), loft: anAnswer("desk", [aLiveVm("web")], { set }) };
    const made = plan(aSpec([aVm("db"), aVm("web", {}, { agent: "loft" })], two), swapped);
    assert.deepEqual([codes(made), steps(made)], [[], []]);
  });

  test("two entries that reach one agent", () => {
    const made = plan(aSpec([aVm("web"), aVm("db", {}, { agent: "loft" })], two), {
      desk: anAnswer("desk", [aLiveVm("web"), aLiveVm("db")]),
      loft: anAnswer("desk", [aLiveVm("web"), aLiveVm("db")]),
    });
    assert.deepEqual([codes(made), steps(made)], [["error AGENT_DUPLICATE"], []]);
  });

  test("members that were not asked for while a home is out of reach are never forgotten silently", () => {
    const set = { ...aSet([], ["desk", "loft"]), digest: "sha256:of members", membersOmitted: true };
    assert.throws(() => plan(aSpec([], two), { desk: anAnswer("desk", [], { set }) }), /forgetting/);
    assert.deepEqual(codes(plan(aSpec([], two), { desk: anAnswer("desk", [], { set }), loft: anAnswer("loft", [], { set }) })), []);
  });
});

suite("the document", () => {
  const desired = aSpec([aVm("web"), aVm("db", { ram_gb: 2 })]);
  const answer = anAnswer("desk", [aLiveVm("db")]);

  test("binds every step", () => {
    const made = plan(desired, { desk: answer }, { maxImpact: "restart", gitCommit: "abc" });
    assert.deepEqual(
      made.steps.map(({ hash }) => hash),
      made.steps.map(({ body }) => stepHash(body)),
    );
    assert.equal(made.header.steps_root, buildTree(made.steps.map(({ hash }) => hash)).root);
    assert.equal(made.plan_hash, planHash(made.header));
    assert.deepEqual(made.header, {
      format: 1,
      owner: "spec:shop",
      spec_hash: "sha256:spec",
      max_impact: "restart",
      expires_at: "2026-01-03T03:04:05Z",
      git_commit: "abc",
      steps_root: made.header.steps_root,
      document_hash: documentHash(made),
      step_count: 2,
    });
  });

  test("is the same for the same input", () => assert.deepEqual(plan(desired, { desk: answer }), plan(desired, { desk: answer })));
  test("does not depend on the order of the spec's VMs, but for the uids it makes up", () => {
    assert.deepEqual(plan(aSpec(desired.vms.toReversed()), { desk: answer }), plan(desired, { desk: answer }));
  });
  test("survives being written and read", () => {
    const made = plan(desired, { desk: answer });
    const read = JSON.parse(JSON.stringify(made)) as PlanDocument;
    assert.deepEqual(
      read.steps.map(({ body }) => stepHash(body)),
      made.steps.map(({ hash }) => hash),
    );
  });

  test("counts", () => {
    const drifted = aLiveVm("d", { vcpu: 1 }, { applied: aLiveVm("d", { vcpu: 2 }).live });
    const made = plan(aSpec([aVm("a"), aVm("b"), aVm("c", { labels: { x: "1" } }), aVm("d", { vcpu: 2 })]), {
      desk: anAnswer("desk", [aLiveVm("b"), aLiveVm("c"), drifted, aLiveVm("e")]),
    });
    assert.deepEqual(made.summary, {
      create: 1,
      update: 2,
      delete: 1,
      adopt: 0,
      release: 0,
      settings: 0,
      unchanged: 1,
      unknown: 0,
      drifted: 1,
      worst_impact: "data-loss",
    });
  });

  test("notes what is ignored, with its place", () => {
    const { code, severity, at, agent } = only(
      plan(aSpec([aVm("web", { image: "debian-13" })]), { desk: anAnswer("desk", [aLiveVm("web", { image: "debian-12" })]) }),
    );
    assert.deepEqual(
      { code, severity, at, agent },
      { code: "CHANGE_IGNORED", severity: "warning", at: { file: "ghost.yaml", line: 10, column: 3 }, agent: "desk" },
    );
  });

  test("knows which copies of the record are outdated", () => {
    const spec = aSpec([aVm("web")], two);
    const outdated = (desk: Observation["set"], loft: Observation["set"]) =>
      plan(spec, { desk: anAnswer("desk", [aLiveVm("web")], desk && { set: desk }), loft: anAnswer("loft", [], loft && { set: loft }) }).set
        .outdated;
    const right = aSet(["desk/web"], ["loft"], 5);
    assert.deepEqual(outdated(right, right), []);
    assert.deepEqual(outdated(right, undefined), ["loft"]);
    assert.deepEqual(outdated(aSet(["desk/web", "desk/old"], ["loft"]), right), ["desk"]);
    assert.deepEqual(outdated({ ...right, agents: right.agents.map((agent) => ({ ...agent, address: "other:1" })) }, right), []);
  });

  test("an excluded VM stays a member", () => {
    const made = plan(aSpec([aVm("a")]), { desk: anAnswer("desk", [aLiveVm("a"), aLiveVm("old")]) }, { exclude: ["old"] });
    assert.deepEqual(members(made), ["id-desk/a/uid-a", "id-desk/old/uid-old"]);
  });
});
