import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ObservedVm, VmConfig } from "@ghost/schemas";
import fc from "fast-check";
import { BUILTIN_DEFAULTS, withDefaults } from "../diff/defaults.ts";
import { makePlan } from "../plan/make-plan.ts";
import { aLiveVm, anAnswer, planOptions, STACK } from "../testdata/fixtures.ts";
import type { ExportInput } from "./export.ts";
import { exportSpec } from "./export.ts";
import type { ParsedSpec } from "./parse.ts";
import { RIGHT_SPEC } from "./testdata/arbitrary.ts";
import { parse } from "./testdata/specs.ts";

/** Plans the exported text against the hosts that it was exported from. */
async function replan(
  input: ExportInput,
): Promise<{ readonly parsed: ParsedSpec; readonly steps: readonly string[]; readonly problems: readonly string[] }> {
  const text = exportSpec(input);
  const parsed = await parse(text);
  assert.deepEqual(parsed.diagnostics, [], text);
  const desired = parsed.desired!;
  const observations = desired.agents.map((agent) => ({
    agent,
    observation: input.agents.find(({ name }) => name === agent.name)!.observation,
  }));
  const plan = makePlan({ desired, observations, options: planOptions() });
  return {
    parsed,
    steps: plan.steps.map(({ id, body, changes }) => `${body.action} ${id} ${changes.map(({ path }) => path.join(".")).join(" ")}`),
    problems: plan.diagnostics.map(({ code }) => code),
  };
}

function inputOf(vms: readonly ObservedVm[], more: Partial<ExportInput> = {}): ExportInput {
  return { stack: STACK, agents: [{ name: "desk", address: "unix:/run/ghost.sock", observation: anAnswer("desk", vms) }], ...more };
}

suite("exportSpec", () => {
  test("only what differs from the defaults of each VM is written", () => {
    const text = exportSpec(
      inputOf([
        aLiveVm("web", { image: "debian-12" }),
        aLiveVm("db", { image: "debian-12", ram_gb: 8, labels: { a: "${x}" }, networks: { lan: { bridge: "br0" } } }),
      ]),
    );
    assert.equal(
      text,
      `ghost: 1
stack: shop
agents:
  desk:
    address: unix:/run/ghost.sock
vms:
  web:
    agent: desk
    image: debian-12
  db:
    agent: desk
    image: debian-12
    ram_gb: 8
    networks:
      lan:
        bridge: br0
    labels:
      a: "$\${x}"
`,
    );
  });

  test("a VM made with other defaults than today's keeps them", async () => {
    const defaults: VmConfig = { ...BUILTIN_DEFAULTS, ram_gb: 2, firmware: "bios" };
    const live = withDefaults({ name: "old", image: "debian-12" }, defaults);
    const { parsed, steps } = await replan(inputOf([aLiveVm("old", {}, { live, applied: live, defaults })]));
    assert.deepEqual(parsed.desired?.vms[0]?.config, { name: "old", image: "debian-12" });
    assert.deepEqual(steps, []);
  });

  test("what was changed behind the agent is what is written", async () => {
    const vm = aLiveVm("web", { image: "debian-12" });
    const { parsed, steps } = await replan(
      inputOf([aLiveVm("web", {}, { live: { ...vm.live, vcpu: 4, power: "stopped" }, applied: vm.applied, status: "stopped" })]),
    );
    assert.deepEqual([parsed.desired?.vms[0]?.config.vcpu, parsed.desired?.vms[0]?.config.power], [4, "stopped"]);
    assert.deepEqual(steps, []);
  });

  test("settings, a template's name, a secret and a foreign VM", async () => {
    const mine = aLiveVm("web", { image: "debian-12", template: "small", cloud_init: { password: { version: 3 } } });
    const foreign = aLiveVm(
      "hand-made",
      {},
      {
        owner: "",
        defaults: {},
        applied: {},
        live: {
          name: "hand-made",
          vcpu: 2,
          ram_gb: 3,
          disk_gb: 30,
          networks: { default: { network: "default" } },
          power: "running",
          autostart: false,
          firmware: "bios",
          machine: "pc",
          accel: "kvm",
        },
      },
    );
    const odd = aLiveVm("web", {}, { owner: "", uid: "odd", name: "Bad Name\u001b" });
    const agents = [
      {
        name: "desk",
        address: "desk.example:9090",
        tls: { ca: "/pki/ca.pem" },
        observation: anAnswer("desk", [mine, foreign, odd], {
          host: { settings: { labels: { room: "office" }, reserved_ram_gb: 2, schedulable: true } },
        }),
      },
    ];
    const without = await replan(inputOf([], { agents }));
    assert.deepEqual(
      without.parsed.desired?.vms.map(({ name }) => name),
      ["web"],
    );
    assert.deepEqual(without.parsed.desired?.vms[0]?.secrets, { "cloud_init.password": "env:GHOST_WEB_PASSWORD" });
    assert.deepEqual(without.parsed.desired?.agents[0]?.settings, { labels: { room: "office" }, reserved_ram_gb: 2, schedulable: true });
    assert.deepEqual([without.steps, without.problems], [[], []]);

    const all = await replan(inputOf([], { agents, adopt: true }));
    assert.deepEqual(
      all.parsed.desired?.vms.map(({ name, adopt }) => [name, adopt]),
      [
        ["web", false],
        ["hand-made", true],
      ],
    );
    assert.equal(all.steps.length, 1);
    assert.doesNotMatch(
      all.steps[0]!,
      /vcpu|ram_gb|disk|network|firmware|machine|accel|autostart|power/,
      "taking it over changes nothing of the machine",
    );
    assert.match(
      exportSpec(inputOf([], { agents, adopt: true })),
      /^# "Bad Name\\u\{1b\}" on desk is left out: its name is not a host name\.$/m,
    );
  });

  test("a VM that was adopted, changed and given up is taken over as it is now", async () => {
    const defaults = { ...BUILTIN_DEFAULTS, ram_gb: 0.5, autostart: false };
    const input = inputOf([aLiveVm("nas", {}, { owner: "", applied: {}, defaults })], { adopt: true });
    const { steps, problems } = await replan(input);
    assert.deepEqual([steps, problems], [["adopt desk/vm/nas "], []]);
  });

  test("a size between two whole GiB is rounded up, and told: no disk shrinks", async () => {
    const vm = aLiveVm("web", { image: "debian-12", disk_gb: 20, disks: { data: { size_gb: 5 } } });
    const input = inputOf([aLiveVm("web", {}, { live: { ...vm.live, disk_gb: 20.5, ram_gb: 1.5, disks: { data: { size_gb: 5.25 } } } })]);
    const { parsed } = await replan(input);
    const { disk_gb: diskGb, ram_gb: ramGb, disks } = parsed.desired!.vms[0]!.config;
    assert.deepEqual([diskGb, ramGb, disks], [21, 2, { data: { size_gb: 6 } }]);
    assert.match(exportSpec(input), / {2}# disk_gb is 20\.5 on the host; a spec has whole GiB\.\n/);
    const observation = anAnswer("desk", [], { host: { settings: { reserved_ram_gb: 1.5, reserved_disk_gb: 9.25 } } });
    assert.match(
      exportSpec({ stack: STACK, agents: [{ name: "desk", address: "desk.example:9090", observation }] }),
      /reserved_ram_gb: 2\n {6}reserved_disk_gb: 10\n/,
    );
  });

  test("plans empty, whatever is live", async () => {
    await fc.assert(
      fc.asyncProperty(
        RIGHT_SPEC,
        fc.constantFrom<VmConfig>(BUILTIN_DEFAULTS, { ...BUILTIN_DEFAULTS, vcpu: 3, power: "stopped", autostart: false, wait_for: "ip" }),
        async (data, defaults) => {
          const { desired } = await parse(JSON.stringify(data));
          const agents = desired!.agents.map(({ name, address }) => {
            const vms = desired!.vms
              .filter(({ agent }) => agent === name)
              .map((vm) => {
                const live = withDefaults(vm.config, defaults);
                return aLiveVm(vm.name, {}, { live, applied: live, defaults, status: live.power === "stopped" ? "stopped" : "running" });
              });
            return { name, address, observation: anAnswer(name, vms) };
          });
          const { steps } = await replan({ stack: STACK, agents });
          assert.deepEqual(steps, []);
        },
      ),
      { numRuns: 100 },
    );
  });
});
