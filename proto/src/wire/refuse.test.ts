import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { PlanHeader, StepBody } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import { SnapshotResponse, Vm } from "../../gen/ghost/host/v1/host.ts";
import * as wire from "../index.ts";

const body: StepBody = {
  id: "desk/vm/web",
  agent_id: "a",
  kind: "vm",
  action: "create",
  name: "web",
  uid: "u",
  revision: "",
  impact: "none",
};
const header: PlanHeader = {
  format: 1,
  owner: "spec:shop",
  spec_hash: "",
  steps_root: "",
  document_hash: "",
  step_count: 1,
  max_impact: "live",
  expires_at: "2030-01-31T12:00:00Z",
  git_commit: "",
};

suite("what this version does not know is refused", () => {
  const cases: readonly { name: string; run: () => unknown; code: string; says: RegExp }[] = [
    {
      name: "an impact, which would pass any ceiling",
      run: () => wire.stepFromWire({ ...wire.stepToWire(body), impact: "bogus" }),
      code: "PLAN_UNREADABLE",
      says: /"bogus".*data-loss/,
    },
    {
      name: "an action",
      run: () => wire.stepFromWire({ ...wire.stepToWire(body), action: "explode" }),
      code: "PLAN_UNREADABLE",
      says: /"explode"/,
    },
    { name: "a kind", run: () => wire.stepFromWire({ ...wire.stepToWire(body), kind: "" }), code: "PLAN_UNREADABLE", says: /kind/ },
    {
      name: "a ceiling",
      run: () => wire.headerFromWire({ ...wire.headerToWire(header), max_impact: "" }),
      code: "PLAN_UNREADABLE",
      says: /max_impact/,
    },
    {
      name: "a header without an end",
      run: () => wire.headerFromWire({ ...wire.headerToWire(header), expires_at: undefined }),
      code: "PLAN_UNREADABLE",
      says: /expires_at/,
    },
    {
      name: "an end with fractions of a second",
      run: () => wire.headerToWire({ ...header, expires_at: "2030-01-31T12:00:00.000Z" }),
      code: "PLAN_UNREADABLE",
      says: /whole seconds/,
    },
    {
      name: "an end that is no instant",
      run: () => wire.headerToWire({ ...header, expires_at: "soon" }),
      code: "PLAN_UNREADABLE",
      says: /"soon"/,
    },
    {
      name: "a request without a step",
      run: () =>
        wire.executeFromWire({
          operation_id: "o",
          secrets: {},
          projection_json: "",
          header: wire.headerToWire(header),
          proof: { index: 0, siblings: [] },
        }),
      code: "PLAN_UNREADABLE",
      says: /step/,
    },
    {
      name: "an answer without a host",
      run: () => wire.observationFromWire(SnapshotResponse.create()),
      code: "AGENT_PROTOCOL",
      says: /host/,
    },
    {
      name: "an act on a VM",
      run: () => wire.vmActFromWire({ ...wire.vmActToWire({ operationId: "o", vm: "web", action: "suspend" }), action: "explode" }),
      code: "UNSUPPORTED",
      says: /"explode".*snapshot-revert/,
    },
    {
      name: "the ceiling of an act on a VM",
      run: () => wire.vmActFromWire({ ...wire.vmActToWire({ operationId: "o", vm: "web", action: "suspend" }), max_impact: "bogus" }),
      code: "UNSUPPORTED",
      says: /"bogus".*data-loss/,
    },
    {
      name: "an act on a VM that nobody could ask for twice",
      run: () => wire.vmActFromWire(wire.vmActToWire({ operationId: "", vm: "web", action: "suspend" })),
      code: "VM_INVALID",
      says: /operation id/,
    },
    {
      name: "a status of a VM",
      run: () => wire.observedVmFromWire(Vm.create({ name: "web", status: "dreaming", phase: "ready" })),
      code: "AGENT_VERSION",
      says: /VM web.*"dreaming"/,
    },
  ];
  for (const { name, run, code, says } of cases) {
    test(name, () => {
      assert.throws(run, (error) => error instanceof GhostError && error.diagnostics[0].code === code && says.test(error.message));
    });
  }
});
