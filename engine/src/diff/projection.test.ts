import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ObservedVm } from "@ghost/schemas";
import { SAVED_DOMAIN } from "@ghost/schemas";
import { describeDifference, projectVm, revisionOf } from "./projection.ts";

const vm: ObservedVm = {
  uid: "u1",
  name: "web",
  owner: "spec:shop",
  live: { name: "web", vcpu: 2, labels: { a: "1" }, disks: { data: { size_gb: 5 } } },
  applied: { name: "web", vcpu: 2 },
  defaults: {},
  pending: {},
  status: "running",
  statusReason: "",
  revision: "",
  ipAddress: "",
  imageDigest: "",
  planHash: "",
  gitCommit: "",
  diskIds: { root: "d0", data: "d1" },
  macs: {},
  guestAgent: false,
  phase: "ready",
  isAwaited: false,
};

suite("revisions", () => {
  const moves: Record<string, Partial<ObservedVm>> = {
    "a live value": { live: { ...vm.live, vcpu: 3 } },
    "a stored value": { pending: { vcpu: 3 } },
    status: { status: "stopped" },
    uid: { uid: "u2" },
    name: { name: "web2" },
    owner: { owner: "" },
    protection: { live: { ...vm.live, protect: true } },
    "a disk's identity": { diskIds: { root: "d0", data: "d2" } },
    "memory that is saved": { status: "stopped", statusReason: SAVED_DOMAIN },
    "whose a disk is": { foreignDisks: ["data"] },
    "a disk's size": { live: { ...vm.live, disks: { data: { size_gb: 6 } } } },
  };
  for (const [name, change] of Object.entries(moves))
    test(`move with ${name}`, () => assert.notEqual(revisionOf({ ...vm, ...change }), revisionOf(vm)));

  test("move when saved memory is thrown away", () => {
    const stopped = { ...vm, status: "stopped" } as const;
    assert.notEqual(revisionOf({ ...stopped, statusReason: SAVED_DOMAIN }), revisionOf(stopped));
  });

  const stays: Record<string, Partial<ObservedVm>> = {
    address: { ipAddress: "10.0.0.2" },
    times: { startedAt: new Date(), appliedAt: new Date(), createdAt: new Date() },
    "who changed it": { planHash: "sha256:1", gitCommit: "abc" },
    "last-applied values": { applied: {}, defaults: { vcpu: 1 } },
    "the words of a status": { statusReason: "booted" },
    "the guest's agent": { guestAgent: true },
    "what is waited for": { isAwaited: true },
    "the image's digest": { imageDigest: "sha256:1" },
    "the order of keys": { live: { disks: { data: { size_gb: 5 } }, labels: { a: "1" }, vcpu: 2, name: "web" } },
    "undefined values": { live: { ...vm.live, ram_gb: undefined as never } },
    "the power on record": { live: { ...vm.live, power: "running" } },
  };
  for (const [name, change] of Object.entries(stays))
    test(`do not move with ${name}`, () => assert.equal(revisionOf({ ...vm, ...change }), revisionOf(vm)));

  test("carry their version", () => assert.match(revisionOf(vm), /^v1:[0-9a-f]{64}$/));
});

test("describeDifference names what was and what is", () => {
  const after = { ...vm, status: "stopped" as const, live: { name: "web", vcpu: 4, labels: { a: "1", b: "2" } }, pending: { ram_gb: 2 } };
  assert.deepEqual(describeDifference(projectVm(vm), projectVm(after)), [
    'disks was {"data":{"size_gb":5}}, is not set',
    "labels.b was not set, is 2",
    "vcpu was 2, is 4",
    "ram_gb (stored for the next boot) was not set, is 2",
    "status was running, is stopped",
  ]);
  assert.deepEqual(describeDifference(projectVm(vm), projectVm(vm)), []);
});
