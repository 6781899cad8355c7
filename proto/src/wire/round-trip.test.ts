import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { VmConfig } from "@ghost/schemas";
import fc from "fast-check";
import {
  ActOnVmRequest,
  AgentSettings,
  Diagnostic,
  ExecuteRequest,
  Operation,
  PlanHeader,
  SetRecord,
  SnapshotResponse,
  Step,
  Template,
  Vm,
  VmSnapshot,
  VmSpec,
  WatchResponse,
} from "../../gen/ghost/host/v1/host.ts";
import * as wire from "../index.ts";
import * as arbitrary from "./testdata/arbitrary.ts";

interface Codec<M> {
  encode(message: M): { finish(): Uint8Array };
  decode(bytes: Uint8Array): M;
}

/** The law of every conversion: what is sent, byte for byte, is what arrives. */
function holds<T, M>(
  values: fc.Arbitrary<T>,
  codec: Codec<M>,
  toWire: (value: T) => M,
  fromWire: (message: M) => T,
  want: (value: T) => T = (value) => value,
): void {
  fc.assert(
    fc.property(values, (value) => {
      const message = codec.decode(codec.encode(toWire(value)).finish());
      assert.deepEqual(fromWire(message), want(value));
    }),
    { numRuns: 60 },
  );
}

suite("fromWire(toWire(x)) is x", () => {
  test("VM configuration, in canonical form", () =>
    holds(arbitrary.vmConfig, VmSpec, wire.vmConfigToWire, wire.vmConfigFromWire, arbitrary.canonical));
  test("settings, in canonical form", () =>
    holds(arbitrary.settings, AgentSettings, wire.settingsToWire, wire.settingsFromWire, arbitrary.canonical));
  test("diagnostic", () => holds(arbitrary.diagnostic, Diagnostic, wire.diagnosticToWire, wire.diagnosticFromWire));
  test("observed VM", () => holds(arbitrary.observedVm, Vm, wire.observedVmToWire, wire.observedVmFromWire));
  test("operation", () => holds(arbitrary.operation, Operation, wire.operationToWire, wire.operationFromWire));
  test("observed template", () => holds(arbitrary.observedTemplate, Template, wire.observedTemplateToWire, wire.observedTemplateFromWire));
  test("set record", () => holds(arbitrary.setRecord, SetRecord, wire.setRecordToWire, wire.setRecordFromWire));
  test("observation", () => holds(arbitrary.observation, SnapshotResponse, wire.observationToWire, wire.observationFromWire));
  test("step", () => holds(arbitrary.stepBody, Step, wire.stepToWire, wire.stepFromWire));
  test("plan header", () => holds(arbitrary.planHeader, PlanHeader, wire.headerToWire, wire.headerFromWire));
  test("execute", () => {
    const input = fc.record(
      {
        operationId: fc.string(),
        header: arbitrary.planHeader,
        proof: fc.record({ index: fc.nat(), siblings: fc.array(fc.string(), { maxLength: 3 }) }, { noNullPrototype: true }),
        body: arbitrary.stepBody,
        secrets: fc.dictionary(fc.stringMatching(/^[a-z.]{1,8}$/), fc.string(), { maxKeys: 2, noNullPrototype: true }),
        projection: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
      },
      { requiredKeys: ["operationId", "header", "proof", "body", "secrets"], noNullPrototype: true },
    );
    holds(input as fc.Arbitrary<wire.ExecuteInput>, ExecuteRequest, wire.executeToWire, wire.executeFromWire);
  });
  test("snapshot of a VM", () => holds(arbitrary.vmSnapshot, VmSnapshot, wire.vmSnapshotToWire, wire.vmSnapshotFromWire));
  test("act on a VM", () => holds(arbitrary.vmAct, ActOnVmRequest, wire.vmActToWire, wire.vmActFromWire));
  test("event", () => {
    const event = { resumeToken: "7", time: new Date(1234), type: "operation", name: "web", uid: "u1", detail: "" };
    holds(
      arbitrary.operation.map((operation) => ({ ...event, operation })),
      WatchResponse,
      wire.eventToWire,
      wire.eventFromWire,
    );
  });
});

suite("VM configuration on the wire", () => {
  test("an empty object stays, an empty map and an empty list go", () => {
    const config: VmConfig = { cloud_init: { packages: [] }, networks: { lan: {} }, labels: {}, ssh_keys: [] };
    assert.deepEqual(wire.vmConfigFromWire(wire.vmConfigToWire(config)), { cloud_init: {}, networks: { lan: {} } });
  });
  test("false, zero and the empty text are set", () => {
    const config: VmConfig = { autostart: false, disk_gb: 0, image: "" };
    assert.deepEqual(wire.vmConfigFromWire(wire.vmConfigToWire(config)), config);
  });
  test("an absent message is a VM with nothing set", () => assert.deepEqual(wire.vmConfigFromWire(undefined), {}));
});
