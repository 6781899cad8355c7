import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { VmConfig } from "@ghost/schemas";
import type { DesiredVm } from "../desired.ts";
import { UNKNOWN } from "../diff/unknown.ts";
import { aLiveVm, anAgent, anAnswer, aVm } from "../testdata/fixtures.ts";
import { stepHash, verifyProof } from "./bind.ts";
import { bindStep } from "./bind-plan.ts";
import type { OneVmInput, OneVmPlan } from "./one-vm.ts";
import { planOneVm } from "./one-vm.ts";

const WEB = aLiveVm("web", { image: "debian-12", disks: { data: { size_gb: 5 } } });

function plan(more: Partial<OneVmInput>): OneVmPlan {
  return planOneVm({
    agent: anAgent("desk"),
    observation: anAnswer("desk", [WEB, aLiveVm("db")]),
    owner: "spec:shop",
    newUid: () => "new",
    maxImpact: "data-loss",
    setMaxImpact: (impact) => `max_impact = "${impact}"`,
    ...more,
  });
}

const wanted = (config: VmConfig = {}, name = "web"): DesiredVm =>
  aVm(name, { image: "debian-12", disks: { data: { size_gb: 5 } }, ...config });

const said = ({ steps, diagnostics }: OneVmPlan): unknown => [
  steps.map(({ body, impact }) => `${body.action} ${impact}`),
  diagnostics.map(({ code }) => code),
];

suite("planOneVm", () => {
  const cases: readonly [string, Partial<OneVmInput>, unknown][] = [
    ["a new one", { vm: wanted({}, "new") }, [["create none"], []]],
    ["as it is wanted", { vm: wanted(), existing: WEB }, [[], []]],
    ["a change", { vm: wanted({ ram_gb: 2 }), existing: WEB }, [["update restart"], []]],
    [
      "a change beyond the ceiling",
      { vm: wanted({ ram_gb: 2 }), existing: WEB, maxImpact: "live" },
      [["update restart"], ["IMPACT_EXCEEDED"]],
    ],
    ["not wanted any more", { existing: WEB }, [["delete data-loss"], []]],
    ["neither there nor wanted", {}, [[], []]],
    ["a name that another has", { vm: wanted({ name: "db" }, "db"), existing: WEB }, [[], ["VM_EXISTS"]]],
    ["the name of one that goes first", { vm: wanted({}, "db"), replaces: "uid-db" }, [["create none"], []]],
    ["another's, as it is wanted", { vm: wanted(), existing: WEB, owner: "terraform:x" }, [[], []]],
    ["another's, changed", { vm: wanted({ ram_gb: 2 }), existing: WEB, owner: "terraform:x" }, [[], ["OWNED_BY_OTHER"]]],
    ["another's, deleted", { existing: WEB, owner: "terraform:x" }, [[], ["OWNED_BY_OTHER"]]],
    ["too little room is a warning", { vm: wanted({ ram_gb: 4096 }, "new") }, [["create none"], ["HOST_OUT_OF_MEMORY"]]],
  ];
  for (const [name, input, want] of cases) test(name, () => assert.deepEqual(said(plan(input)), want));

  test("says how to allow more where the command line is not asked", () => {
    const { diagnostics } = plan({ vm: wanted({ ram_gb: 2 }), existing: WEB, maxImpact: "live" });
    assert.equal(diagnostics[0]?.hint, 'Review the plan and allow it with max_impact = "restart".');
  });

  for (const [name, value] of Object.entries({
    name: UNKNOWN,
    image: UNKNOWN,
    image_on_change: UNKNOWN,
    vcpu: UNKNOWN,
    vcpu_max: UNKNOWN,
    ram_gb: UNKNOWN,
    disk_gb: UNKNOWN,
    disks: { data: { size_gb: UNKNOWN }, more: UNKNOWN },
    networks: { lan: UNKNOWN },
    power: UNKNOWN,
    cloud_init: { packages: [UNKNOWN] },
    labels: UNKNOWN,
    protect: UNKNOWN,
    disruption: { allow: UNKNOWN },
  })) {
    test(`${name} is not known yet`, () => {
      for (const existing of [undefined, WEB, { ...WEB, status: "stopped" as const }]) {
        const vm = wanted({ [name]: value } as VmConfig, existing === undefined ? "new" : "web");
        const { steps, diagnostics } = plan({ vm, ...(existing && { existing }) });
        // One that exists keeps its image and its first boot, whatever they turn out to be.
        const isIgnored = existing === WEB && (name === "image" || name === "cloud_init");
        assert.equal(steps.length, isIgnored ? 0 : 1);
        assert.deepEqual(
          diagnostics.filter(({ severity }) => severity === "error"),
          [],
        );
      }
    });
  }

  test("a step is bound by itself", () => {
    const [step] = plan({ vm: wanted({ ram_gb: 2 }), existing: WEB }).steps;
    const { header, proof } = bindStep({ owner: "o", max_impact: "live", expires_at: "2030-01-01T00:00:00Z", git_commit: "" }, step!);
    assert.ok(verifyProof(stepHash(step!.body), proof, header.steps_root, header.step_count));
    assert.equal(verifyProof(stepHash({ ...step!.body, uid: "other" }), proof, header.steps_root, header.step_count), false);
  });
});
