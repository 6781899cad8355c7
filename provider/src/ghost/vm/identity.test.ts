import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { aLiveVm, anAnswer } from "../../../../engine/src/testdata/fixtures.ts";
import { findByIdentity, VM_IDENTITY, vmIdentity } from "./identity.ts";
import { fleetOf } from "./testdata/fleet.ts";
import { vmResource } from "./vm-resource.ts";

const FLEET = { desk: anAnswer("desk", [aLiveVm("web")]), rack: anAnswer("rack", [aLiveVm("db")]) };

suite("the identity of a VM", () => {
  test("has exactly the attributes of its schema", () => {
    assert.deepEqual(Object.keys(vmIdentity("a", "u")), Object.keys(VM_IDENTITY.attributes));
  });

  test("finds it, also while another agent is down", async () => {
    const found = await findByIdentity(fleetOf({ attic: undefined, ...FLEET }).walk, vmIdentity("id-rack", "uid-db"));
    assert.ok(found.problem === undefined);
    assert.deepEqual([found.agent.name, found.vm.name], ["rack", "db"]);
  });

  const missing = [
    { name: "an agent that the block does not have", fleet: FLEET, agent: "id-attic", code: "VM_NOT_FOUND", says: /the id id-attic\./ },
    {
      name: "an agent that may be down",
      fleet: { ...FLEET, attic: undefined },
      agent: "id-attic",
      code: "AGENT_UNREACHABLE",
      says: /do not answer: "attic"/,
    },
    {
      name: "a VM that its agent does not have",
      fleet: FLEET,
      agent: "id-desk",
      code: "VM_NOT_FOUND",
      says: /"desk" has no VM with the uid uid-db/,
    },
  ];
  for (const { name, fleet, agent, code, says } of missing)
    test(`says what is missing: ${name}`, async () => {
      const { problem } = await findByIdentity(fleetOf(fleet).walk, vmIdentity(agent, "uid-db"));
      assert.equal(problem?.code, code);
      assert.match(problem?.detail ?? "", says);
    });
});

suite("the identity beside a state", () => {
  const CONTEXT = { signal: new AbortController().signal, log: { debug() {}, info() {}, warn() {}, error() {} } };
  const WEB = vmIdentity("id-desk", "uid-web");

  test("is told by an import, by whichever of the two", async () => {
    const resource = vmResource(fleetOf(FLEET));
    const byName = await resource.import!({ id: "desk/web" }, CONTEXT);
    const byIdentity = await resource.import!({ identity: WEB }, CONTEXT);
    assert.deepEqual(byName.identity, WEB);
    assert.deepEqual(byIdentity, byName);
  });

  test("is told by reading and planning", async () => {
    const resource = vmResource(fleetOf(FLEET));
    const { state, private: kept } = await resource.import!({ id: "desk/web" }, CONTEXT);
    const read = await resource.read({ state: state!, private: kept }, CONTEXT);
    assert.deepEqual(read.identity, WEB);
    const planned = await resource.plan(
      { prior: read.state!, proposed: read.state!, config: read.state!, priorPrivate: read.private },
      CONTEXT,
    );
    assert.deepEqual(planned.identity, WEB);
  });

  test("stays while the agent is down, and goes with the VM", async () => {
    const { state, private: kept } = await vmResource(fleetOf(FLEET)).import!({ id: "desk/web" }, CONTEXT);
    const silent = await vmResource(fleetOf({ desk: undefined })).read({ state: state!, private: kept, identity: WEB }, CONTEXT);
    assert.deepEqual([silent.state, silent.identity], [undefined, WEB]);
    const gone = await vmResource(fleetOf({ desk: anAnswer("desk") })).read({ state: state!, private: kept, identity: WEB }, CONTEXT);
    assert.deepEqual([gone.state, gone.identity], [null, undefined]);
  });

  test("says what is wrong with an identity that nothing has", async () => {
    const answer = await vmResource(fleetOf(FLEET)).import!({ identity: vmIdentity("id-desk", "uid-db") }, CONTEXT);
    assert.deepEqual([answer.state, answer.diagnostics?.map(({ severity }) => severity)], [undefined, ["error"]]);
  });
});
