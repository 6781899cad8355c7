/**
 * One planner behind two doors: each case is planned from a spec and from Terraform's configuration, against the same
 * machine, and both must say the same, field by field.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { HostCalls } from "@ghost/engine";
import { makePlan, parseSpec, planOneVm, UNKNOWN as ENGINE_UNKNOWN } from "@ghost/engine";
import type { AgentSettings, Impact, Observation, ObservedVm, PlanStep, VmConfig } from "@ghost/schemas";
import { compareImpact, SAVED_DOMAIN, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { aLiveVm, anAgent, anAnswer, aVm, planOptions } from "../../engine/src/testdata/fixtures.ts";
import { ghostProvider } from "../../provider/src/ghost/provider.ts";
import type { VmPrivate } from "../../provider/src/ghost/vm/vm-private.ts";
import type { Json } from "../provider/core.ts";
import { configOf, CONTEXT, Core } from "../provider/core.ts";

interface Config {
  readonly [key: string]: Json;
}

interface Case {
  readonly name: string;
  /** What was applied; none when the VM is not there. */
  readonly before?: Config;
  /** What is wanted; none when it is to go. */
  readonly after?: Config;
  /** What the machine has instead of what was applied. */
  readonly live?: Partial<VmConfig>;
  readonly existing?: Partial<ObservedVm>;
  readonly host?: Partial<Observation["host"]>;
  /** Who has it, when it is not the stack. */
  readonly owner?: string;
  /** Terraform has it in its state, whoever it belongs to: what is taken over and changed is imported first. */
  readonly isImported?: boolean;
  readonly maxImpact?: Impact;
  /** The VM was named so before. */
  readonly formerly?: string;
}

/** What a door says of the VM. */
interface Said {
  readonly steps: readonly unknown[];
  readonly problems: readonly string[];
}

const IMAGE = "debian-12";
const WEB: Config = { image: IMAGE };
const secret = (version: number): Json => ({ secret: "env:PASSWORD", version });
const HOST = {
  images: [
    { name: IMAGE, digest: "sha256:a", cached: true, sizeBytes: 1 },
    { name: "debian-13", digest: "sha256:b", cached: true, sizeBytes: 1 },
  ],
};
const NO_HOTPLUG = {
  capabilities: {
    vcpu_plug: false,
    vcpu_unplug: false,
    ram_balloon: false,
    disk_plug: false,
    disk_grow: false,
    network_plug: false,
    kvm: false,
  },
};

/** For each attribute that an agent keeps: what it was and what it becomes. */
const CHANGES: Readonly<Record<string, readonly [Config, Config]>> = {
  name: [{}, {}],
  template: [{}, {}],
  image: [{}, { image: "debian-13", image_on_change: "recreate" }],
  image_url: [
    { image: null, image_url: "https://a/b", image_sha256: "a".repeat(64) },
    { image: null, image_url: "https://a/c", image_sha256: "a".repeat(64), image_on_change: "recreate" },
  ],
  image_sha256: [
    { image: null, image_url: "https://a/b", image_sha256: "a".repeat(64) },
    { image: null, image_url: "https://a/b", image_sha256: "b".repeat(64) },
  ],
  image_path: [
    { image: null, image_path: "/a" },
    { image: null, image_path: "/b", image_on_change: "recreate" },
  ],
  image_on_change: [{}, { image_on_change: "recreate" }],
  vcpu: [
    { vcpu: 2, vcpu_max: 4 },
    { vcpu: 3, vcpu_max: 4 },
  ],
  vcpu_max: [{ vcpu: 2 }, { vcpu: 2, vcpu_max: 8 }],
  ram_gb: [{ ram_gb: 2 }, { ram_gb: 4 }],
  ram_max_gb: [{ ram_gb: 2, ram_max_gb: 4 }, { ram_gb: 2 }],
  disk_gb: [{}, { disk_gb: 20 }],
  disks: [{ disks: { data: { size_gb: 5 }, old: { size_gb: 1 } } }, { disks: { data: { size_gb: 6 }, extra: { size_gb: 2 } } }],
  networks: [
    { networks: { lan: { network: "a" }, wan: { bridge: "br0" } } },
    { networks: { lan: { network: "b", mac: "52:54:00:12:34:56" }, dmz: {} } },
  ],
  power: [{}, { power: "stopped" }],
  autostart: [{}, { autostart: false }],
  firmware: [{}, { firmware: "uefi" }],
  machine: [{}, { machine: "pc" }],
  accel: [{}, { accel: "tcg" }],
  cloud_init: [
    { cloud_init_on_change: "next-boot", cloud_init: { packages: ["a"], password: secret(1) } },
    { cloud_init_on_change: "next-boot", cloud_init: { packages: ["a", "b"], user_data: "#cloud-config\n", password: secret(2) } },
  ],
  cloud_init_on_change: [{}, { cloud_init_on_change: "recreate" }],
  ssh_keys: [
    { cloud_init_on_change: "recreate", ssh_keys: ["a"] },
    { cloud_init_on_change: "recreate", ssh_keys: ["b"] },
  ],
  labels: [{ labels: { a: "1", b: "2" } }, { labels: { a: "2", c: "3" } }],
  metadata: [{}, { metadata: { note: "x" } }],
  protect: [{}, { protect: true }],
  disruption: [{}, { disruption: { allow: "restart" } }],
  wait_for: [{}, { wait_for: "ip" }],
  wait_timeout_s: [{}, { wait_timeout_s: 10 }],
  stop_timeout_s: [{}, { stop_timeout_s: 10 }],
  on_remove: [{}, { on_remove: "retain" }],
};

const perAttribute: readonly Case[] = Object.entries(CHANGES).flatMap(([attribute, [before, after]]): readonly Case[] => {
  const [from, to] = [
    { ...WEB, ...before },
    { ...WEB, ...after },
  ];
  return [
    { name: `${attribute} of a running VM`, before: from, after: to },
    { name: `${attribute} of a stopped VM`, before: { ...from, power: "stopped" }, after: { power: "stopped", ...to } },
    { name: `${attribute} back again, on a host that can change nothing`, before: to, after: from, host: NO_HOTPLUG },
  ];
});

const cases: readonly Case[] = [
  ...perAttribute,
  { name: "a new VM with nothing but an image", after: WEB },
  {
    name: "a new VM with everything",
    after: {
      ...WEB,
      ...CHANGES["networks"]![1],
      ...CHANGES["cloud_init"]![1],
      ...CHANGES["disks"]![1],
      labels: { a: "b" },
      vcpu: 2,
      vcpu_max: 4,
    },
  },
  { name: "a new VM with an image that is not there", after: { image: "debain-12" } },
  { name: "a new VM without an image", after: {} },
  { name: "a new VM on a host that takes none", after: WEB, host: { settings: { schedulable: false } satisfies AgentSettings } },
  { name: "a new VM that does not fit", after: { ...WEB, ram_gb: 4096 } },
  { name: "a new VM beside a network and a bridge in one card", after: { ...WEB, networks: { lan: { network: "a", bridge: "b" } } } },
  { name: "nothing", before: WEB, after: WEB },
  {
    name: "nothing, spelled out",
    before: WEB,
    after: { ...WEB, vcpu: 1, ram_gb: 1, firmware: "bios", networks: { default: { network: "default" } } },
  },
  { name: "nothing, with empty collections", before: WEB, after: { ...WEB, disks: {}, labels: {}, ssh_keys: [], cloud_init: {} } },
  { name: "headroom up to what there is", before: { ...WEB, vcpu: 2 }, after: { ...WEB, vcpu: 2, vcpu_max: 2 } },
  {
    name: "a card that loses its address keeps it",
    before: { ...WEB, networks: { lan: { mac: "52:54:00:12:34:56" } } },
    after: { ...WEB, networks: { lan: {} } },
  },
  { name: "a smaller root disk", before: { ...WEB, disk_gb: 20 }, after: WEB },
  { name: "a smaller root disk of a protected VM", before: { ...WEB, disk_gb: 20, protect: true }, after: { ...WEB, protect: true } },
  { name: "a larger disk with an agent in the guest", before: WEB, after: { ...WEB, disk_gb: 20 }, existing: { guestAgent: true } },
  { name: "another image that is ignored", before: WEB, after: { ...WEB, image: "debian-13" } },
  { name: "other keys that are ignored", before: WEB, after: { ...WEB, ssh_keys: ["a"] } },
  {
    name: "other keys while the root disk is made anew",
    before: WEB,
    after: { ...WEB, ssh_keys: ["a"], image: "debian-13", image_on_change: "recreate" },
  },
  { name: "a newer image under the same name", before: WEB, after: WEB, existing: { imageDigest: "sha256:old" } },
  { name: "a rename", before: WEB, after: WEB, formerly: "old" },
  { name: "a rename and more memory", before: WEB, after: { ...WEB, ram_gb: 2 }, formerly: "old" },
  { name: "it left", before: WEB },
  { name: "it left with its disks", before: { ...WEB, disks: { data: { size_gb: 5 } } } },
  { name: "it left and is kept", before: { ...WEB, on_remove: "retain" } },
  { name: "it left and is protected", before: { ...WEB, protect: true } },
  { name: "it left and allows no loss", before: { ...WEB, disruption: { allow: "stop" } } },
  { name: "it left beyond the ceiling", before: WEB, maxImpact: "live" },
  { name: "more memory beyond the ceiling", before: WEB, after: { ...WEB, ram_gb: 2 }, maxImpact: "live" },
  {
    name: "more memory than the VM allows",
    before: { ...WEB, disruption: { allow: "live" } },
    after: { ...WEB, ram_gb: 2, disruption: { allow: "live" } },
  },
  { name: "allowing more and taking it at once", before: { ...WEB, disruption: { allow: "live" } }, after: { ...WEB, ram_gb: 2 } },
  { name: "somebody gave it memory", before: WEB, after: WEB, live: { ram_gb: 2 } },
  {
    name: "somebody took a disk away",
    before: { ...WEB, disks: { data: { size_gb: 5 } } },
    after: { ...WEB, disks: { data: { size_gb: 5 } } },
    live: { disks: {} },
  },
  { name: "somebody added a disk", before: WEB, after: WEB, live: { disks: { scratch: { size_gb: 3 } } } },
  {
    name: "somebody attached a disk of theirs",
    before: WEB,
    after: WEB,
    live: { disks: { scratch: { size_gb: 3 } } },
    existing: { foreignDisks: ["scratch"] },
  },
  {
    name: "somebody attached a disk of theirs, on a host that can change nothing",
    before: WEB,
    after: WEB,
    live: { disks: { scratch: { size_gb: 3 } } },
    existing: { foreignDisks: ["scratch"] },
    host: NO_HOTPLUG,
  },
  { name: "it left, and its root disk is somebody's", before: WEB, existing: { foreignDisks: ["root"] } },
  { name: "somebody gave it memory, and the configuration other memory", before: WEB, after: { ...WEB, ram_gb: 4 }, live: { ram_gb: 2 } },
  { name: "somebody gave it what the configuration wants by now", before: WEB, after: { ...WEB, ram_gb: 2 }, live: { ram_gb: 2 } },
  { name: "memory between two whole numbers", before: WEB, after: WEB, live: { ram_gb: 1.5 } },
  { name: "it went down", before: WEB, after: WEB, existing: { status: "stopped" } },
  {
    name: "it was saved, and goes on",
    before: WEB,
    after: { ...WEB, labels: { a: "b" } },
    existing: { status: "stopped", statusReason: SAVED_DOMAIN },
  },
  {
    name: "it was saved, and is to change",
    before: WEB,
    after: { ...WEB, vcpu: 2 },
    existing: { status: "stopped", statusReason: SAVED_DOMAIN },
  },
  { name: "it was saved, and left", before: WEB, existing: { status: "stopped", statusReason: SAVED_DOMAIN } },
  { name: "it is paused", before: WEB, after: WEB, existing: { status: "paused" } },
  { name: "it crashed", before: WEB, after: WEB, existing: { status: "error", statusReason: "crashed" } },
  {
    name: "it went down and power is people's",
    before: { ...WEB, power: "unmanaged" },
    after: { ...WEB, power: "unmanaged" },
    existing: { status: "stopped" },
  },
  { name: "the hypervisor lost it", before: WEB, after: WEB, existing: { status: "error", statusReason: "missing from the hypervisor" } },
  { name: "it was half made", before: WEB, after: WEB, existing: { phase: "creating", status: "stopped" } },
  { name: "a delete of it was begun", before: WEB, after: WEB, existing: { phase: "deleting" } },
  { name: "a delete of it was begun, and it left", before: WEB, existing: { phase: "deleting" } },
  { name: "it was half made, and it left", before: WEB, existing: { phase: "creating", status: "stopped" } },
  { name: "it was made and not recorded", before: WEB, after: WEB, existing: { phase: "creating" } },
  {
    name: "it was not seen ready",
    before: { ...WEB, wait_for: "ip" },
    after: { ...WEB, wait_for: "ip" },
    existing: { isAwaited: true },
  },
  {
    name: "it was not seen ready, and gets more time",
    before: { ...WEB, wait_for: "ip" },
    after: { ...WEB, wait_for: "ip", wait_timeout_s: 900 },
    existing: { isAwaited: true },
  },
  {
    name: "it was not seen ready, and nothing is waited for any more",
    before: { ...WEB, wait_for: "ip" },
    after: WEB,
    existing: { isAwaited: true },
  },
  {
    name: "another's that was not seen ready, taken over",
    before: { ...WEB, wait_for: "guest-agent" },
    after: { ...WEB, wait_for: "guest-agent", adopt: true },
    owner: "spec:other",
    existing: { isAwaited: true },
  },
  { name: "something else is stored for the next boot", before: WEB, after: WEB, existing: { pending: { firmware: "uefi" } } },
  { name: "another's", before: WEB, after: { ...WEB, ram_gb: 2 }, owner: "spec:other" },
  { name: "another's, taken over", before: WEB, after: { ...WEB, adopt: true }, owner: "spec:other" },
  {
    name: "another's, taken over and changed",
    before: WEB,
    after: { ...WEB, adopt: true, ram_gb: 2 },
    owner: "spec:other",
    isImported: true,
  },
  { name: "nobody's", before: WEB, after: { ...WEB, ram_gb: 2 }, owner: "" },
  { name: "the agent's own", before: WEB, after: { ...WEB, ram_gb: 2 }, owner: "agent" },
  {
    name: "nobody's that Ghost did not make, taken over",
    before: {},
    after: { ...WEB, adopt: true },
    owner: "",
    existing: { applied: {}, defaults: {} },
    live: { vcpu: 2, ram_gb: 3 },
  },
  {
    name: "nobody's without a card, taken over",
    before: {},
    after: { ...WEB, adopt: true },
    owner: "",
    existing: { applied: {}, defaults: {} },
    live: { networks: {} },
  },
];

suite("the two doors", () => {
  test("there are enough cases, and every attribute is among them", () => {
    assert.ok(cases.length >= 60);
    assert.deepEqual(Object.keys(CHANGES).sort(), [...VM_CONFIG_ATTRIBUTES].sort());
  });
  for (const one of cases) {
    test(one.name, async () => {
      const spec = await planSpec(one);
      assert.deepEqual(await planTerraform(one), spec);
    });
  }

  const later = { vcpu: 2, disk_gb: 20, labels: { a: "b" }, disks: { data: { size_gb: 5 } }, networks: { lan: { network: "a" } } };
  for (const attribute of Object.keys(later)) {
    test(`${attribute} is not known yet: never milder than what it turns out to be`, () => {
      const [unknown, known] = [planKnown({ ...later, [attribute]: ENGINE_UNKNOWN }), planKnown(later)];
      assert.ok(unknown.changes.some((change) => change.path[0] === attribute && change.unknown === true));
      assert.ok(compareImpact(unknown.impact, known.impact) >= 0, `${unknown.impact} is not milder than ${known.impact}`);
    });
  }
});

function planKnown(config: object): Omit<PlanStep, "hash"> {
  const observation = observationOf({ name: "", before: WEB }, "terraform:shop");
  const [step] = planOneVm({
    agent: anAgent("desk"),
    observation,
    owner: "terraform:shop",
    vm: aVm("web", { image: IMAGE, ...config } as VmConfig),
    existing: observation.vms[0]!,
    newUid: () => "new",
    maxImpact: "data-loss",
    setMaxImpact: String,
  }).steps;
  return step!;
}

function observationOf({ before, live, existing, host, owner, formerly }: Case, own: string): Observation {
  const name = formerly ?? "web";
  if (before === undefined) return anAnswer("desk", [], { host: { ...HOST, ...host } });
  const made = aLiveVm(name, { name, ...toVmConfig(before) });
  const vm = aLiveVm(
    name,
    { name, ...toVmConfig(before) },
    { live: { ...made.live, ...live }, owner: owner ?? own, imageDigest: "sha256:a", ...existing },
  );
  return anAnswer("desk", [vm], { host: { ...HOST, ...host } });
}

/** As an agent keeps it: of a secret the version, nothing of specs alone, and nothing that is empty. */
function toVmConfig(config: Config): VmConfig {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (value === null || key === "adopt") return [];
      if (key !== "cloud_init") return [[key, value]];
      const { password, ...rest } = value as { password?: { version: number } };
      return [[key, { ...rest, ...(password && { password: { version: password.version } }) }]];
    }),
  ) as VmConfig;
}

async function planSpec(one: Case): Promise<Said> {
  const { after, formerly, maxImpact } = one;
  const block = after && Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null));
  const text = JSON.stringify({
    ghost: 1,
    stack: "shop",
    agents: { desk: { address: "desk.example:9090" } },
    vms: block === undefined ? {} : { web: { agent: "desk", ...block, ...(formerly !== undefined && { previous_names: [formerly] }) } },
  });
  const { desired, diagnostics } = await parseSpec([{ file: "ghost.yaml", text }], { cwd: "/", env: { PASSWORD: "x" } });
  if (desired === undefined) return { steps: [], problems: diagnostics.map(toProblem).sort() };
  const plan = makePlan({
    desired,
    observations: [{ agent: desired.agents[0]!, observation: observationOf(one, "spec:shop") }],
    options: planOptions({ newUid: () => "new", ...(maxImpact && { maxImpact }) }),
  });
  return said(plan.steps, plan.diagnostics.map(toProblem));
}

async function planTerraform(one: Case): Promise<Said> {
  const { before, after, maxImpact, formerly, owner } = one;
  const answer = observationOf(one, "terraform:shop");
  const provider = ghostProvider("0.1.0", () => ({ snapshot: async () => answer }) as unknown as HostCalls);
  const configure = async (): Promise<unknown> =>
    await provider.configure(
      configOf(provider.schema.attributes, {
        stack: "shop",
        agents: { desk: { address: "desk.example:9090" } },
        max_impact: maxImpact ?? null,
      }),
      "1.11.4",
      CONTEXT,
    );
  const core = new Core(provider);
  const config = (json: Config, name = "web") => core.config({ name, agent: "desk", ...toTerraform(json) });
  await configure();
  if (before !== undefined) {
    // What belongs to somebody else is not in the state but by an import; where it is only taken over, it is not yet.
    if (owner === undefined || after?.["adopt"] !== true || one.isImported === true) {
      await core.import(`desk/${formerly ?? "web"}`);
    }
  }
  const plan = await core.plan(after === undefined ? null : config(after));
  const problems = plan.diagnostics.flatMap(({ severity, summary, detail }) => {
    const [, code] = /\[([A-Z_]+)\]$/.exec(summary) ?? [];
    // What to do next is the door's own, and comes in a paragraph of its own.
    return code === undefined ? [] : [toProblem({ severity, code, detail: detail.split("\n\n")[0]! })];
  });
  return said((plan.answer.private as VmPrivate | undefined)?.steps ?? [], problems);
}

function toProblem({ severity, code, detail }: { readonly severity: string; readonly code: string; readonly detail: string }): string {
  return `${severity} ${code}: ${inOneWord(detail)}`;
}

/** The few words in which the doors differ: where a VM can leave, where a ceiling stands, and lines that only a file has. */
function inOneWord(text: string): string {
  return text
    .replace("Terraform destroys the resource", "it left the spec")
    .replace("(max_impact of the provider)", "(--max-impact)")
    .replace(/ \(ghost\.yaml:\d+ and ghost\.yaml:\d+\)/, "");
}

/** A spec's configuration as Terraform has it: a secret in two attributes. */
function toTerraform(config: Config): { readonly [key: string]: Json } {
  const { cloud_init: cloudInit, ...rest } = config;
  if (cloudInit === undefined || cloudInit === null) return config;
  const { password, ...others } = cloudInit as { password?: { version: number } };
  return { ...rest, cloud_init: { ...others, ...(password && { password_wo: "x", password_wo_version: password.version }) } };
}

/** What both doors must agree on. A plan with an error is not carried out: only why is compared. */
function said(steps: readonly Omit<PlanStep, "hash">[], problems: readonly string[]): Said {
  // What a host can carry all together, who plans one VM can only guess.
  const told = problems.map((one) => one.replace(/^(?:error|warning) (?=HOST_OUT_OF)/, "")).sort();
  if (told.some((one) => !one.startsWith("warning "))) return { steps: [], problems: told };
  return {
    problems: told,
    // A spec's plan lists what goes after what comes; its dependencies say what is first.
    steps: steps
      .toSorted((a, b) => (a.body.action < b.body.action ? -1 : 1))
      .map(({ body, impact, reason, changes, owner }) => ({
        action: body.action,
        name: body.name,
        uid: body.uid === "uid-web" || body.uid === "uid-old" ? body.uid : "new",
        previousName: body.previous_name,
        vm: body.vm,
        defaults: body.defaults,
        impact,
        reason: inOneWord(reason),
        changes,
        from: owner,
      })),
  };
}
