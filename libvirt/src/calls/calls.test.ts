import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Calls, remote_typed_param } from "../../gen/types.ts";
import { LibvirtError } from "../error.ts";
import type { Caller } from "../rpc/caller.ts";
import { findDomain, undefineDomain } from "./domains.ts";
import { agentCommand } from "./guest.ts";
import { nodeInfo, libvirtVersion } from "./host.ts";
import { networkLeases } from "./networks.ts";
import { fromParams, numberIn, textIn } from "./params.ts";
import { fromDomain, toDomain } from "./reference.ts";
import { setMemory, setVcpus } from "./resources.ts";
import { stateFrom } from "./state.ts";
import { allDomainStatistics } from "./statistics.ts";

const uuid = "0a1b2c3d-1122-3344-5566-778899aabbcc";

/** Gives this answer to every call, and keeps what it was asked. */
function answering(ret: unknown): { readonly caller: Caller; readonly asked: [string, unknown][] } {
  const asked: [string, unknown][] = [];
  const caller: Caller = {
    call: (name, args) => {
      asked.push([name, args]);
      return ret instanceof Error ? Promise.reject(ret) : Promise.resolve(ret as Calls[typeof name]["ret"]);
    },
    openStream: () => Promise.reject(new Error("There are no streams here.")),
  };
  return { caller, asked };
}

suite("naming a domain", () => {
  test("the UUID is what counts; a name is made up where there is none", () => {
    const { uuid: bytes, name, id } = toDomain({ uuid: uuid.toUpperCase().replaceAll("-", "") });
    assert.equal(Buffer.from(bytes).toString("hex"), uuid.replaceAll("-", ""));
    assert.deepEqual([name, id], [uuid.toUpperCase().replaceAll("-", ""), -1]);
  });

  test("there and back", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (id, name) =>
        assert.deepEqual(fromDomain(toDomain({ uuid: id, name })), { uuid: id, name, id: undefined }),
      ),
    );
  });

  for (const text of ["", "web-1", `${uuid}0`, uuid.replace("0a", "0g"), "0a1b2c3d-1122-3344-5566-778899aabbc"]) {
    test(`"${text}" is refused`, () => assert.throws(() => toDomain({ uuid: text }), { name: "TypeError", message: /is no UUID/ }));
  }
});

suite("typed parameters", () => {
  const list: readonly remote_typed_param[] = [
    { field: "i", value: { type: 1, i: -1 } },
    { field: "ui", value: { type: 2, ui: 4294967295 } },
    { field: "l", value: { type: 3, l: -9007199254740993n } },
    { field: "ul", value: { type: 4, ul: 9007199254740991n } },
    { field: "big", value: { type: 4, ul: 18446744073709551615n } },
    { field: "d", value: { type: 5, d: 0.5 } },
    { field: "b", value: { type: 6, b: 1 } },
    { field: "__proto__", value: { type: 7, s: "x" } },
  ];
  const params = fromParams(list);

  test("are numbers where a number is exact", () => {
    assert.deepEqual(
      { ...params },
      {
        i: -1,
        ui: 4294967295,
        l: -9007199254740993n,
        ul: 9007199254740991,
        big: 18446744073709551615n,
        d: 0.5,
        b: true,
        ["__proto__"]: "x",
      },
    );
  });

  test("are read by kind", () => {
    assert.deepEqual([numberIn(params, "big"), numberIn(params, "b"), numberIn(params, "none")], [2 ** 64, undefined, undefined]);
    assert.deepEqual([textIn(params, "__proto__"), textIn(params, "i"), textIn(params, "toString")], ["x", undefined, undefined]);
  });
});

suite("calls", () => {
  test("what is not there is undefined; any other error is one", async () => {
    const none = new LibvirtError({ source: "server", code: 42, domain: 10, message: "no" });
    assert.equal(await findDomain(answering(none).caller, uuid), undefined);
    const other = new LibvirtError({ source: "server", code: 1, domain: 10, message: "no" });
    await assert.rejects(findDomain(answering(other).caller, uuid), other);
  });

  test("flags add up", async () => {
    const { caller, asked } = answering(undefined);
    await undefineDomain(caller, { uuid }, { managedSave: true, snapshotsMetadata: true, nvram: "keep", tpm: "keep" });
    await setVcpus(caller, { uuid }, 2, { affect: "both", maximum: true });
    await setMemory(caller, { uuid }, 1024, { affect: "live" });
    assert.deepEqual(
      asked.map(([, args]) => (args as { flags: number }).flags),
      [1 | 2 | 8 | 64, 1 | 2 | 4, 1],
    );
  });

  test("statistics of all domains are one question", async () => {
    const dom = { ...toDomain({ uuid, name: "a" }), id: 3 };
    const { caller, asked } = answering({ retStats: [{ dom, params: [{ field: "state.state", value: { type: 1, i: 1 } }] }] });
    const [first] = await allDomainStatistics(caller, { groups: ["state", "balloon"], noWait: true });
    assert.deepEqual(first?.domain, { uuid, name: "a", id: 3 });
    assert.equal(numberIn(first.params, "state.state"), 1);
    assert.deepEqual(asked, [["REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS", { doms: [], stats: 5, flags: 2 ** 29 }]]);
  });

  test("a state has libvirt's words", () => {
    assert.deepEqual(stateFrom(1, 1), { state: "running", reason: "booted" });
    assert.deepEqual(stateFrom(5, 2), { state: "shutoff", reason: "destroyed" });
    assert.deepEqual(stateFrom(77, 5), { state: "77", reason: "5" });
  });

  test("the agent's answer is what it returned", async () => {
    const { caller, asked } = answering({ result: '{"return":{"a":1}}' });
    assert.deepEqual(await agentCommand(caller, { uuid, name: "x" }, { execute: "guest-info" }, { agentTimeoutS: 2 }), { a: 1 });
    assert.deepEqual(asked[0]?.[1], { dom: toDomain({ uuid, name: "x" }), cmd: '{"execute":"guest-info"}', timeout: 2, flags: 0 });
  });

  test("versions, processors and leases are readable", async () => {
    assert.equal(await libvirtVersion(answering({ lib_ver: 9_001_012n }).caller), "9.1.12");
    const model = [...Buffer.from("x86_64")];
    const facts = { memory: 10n, cpus: 2, mhz: 1, nodes: 1, sockets: 1, cores: 2, threads: 1 };
    assert.equal((await nodeInfo(answering({ ...facts, model: [...model, 0, 5] }).caller)).model, "x86_64");
    const [mac, clientId] = ["52:54:00:00:00:01", "01:52:54:00:00:00:01"];
    const lease = { ipaddr: "10.0.0.2", type: 0, prefix: 24, mac, hostname: undefined, clientid: clientId, expirytime: 1_700_000_000n };
    assert.deepEqual(await networkLeases(answering({ leases: [lease] }).caller, { uuid, name: "default" }), [
      { address: "10.0.0.2", family: "ipv4", prefix: 24, mac, hostname: undefined, clientId, expiresAt: new Date("2023-11-14T22:13:20Z") },
    ]);
  });
});
