import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { aLiveVm, anAnswer } from "../../../../engine/src/testdata/fixtures.ts";
import { newValues } from "../../faces/values.ts";
import type { ListedObject } from "../../protocol6/provider.ts";
import type { Value } from "../../protocol6/value.ts";
import { listVms } from "./list.ts";
import { fleetOf } from "./testdata/fleet.ts";

const FLEET = {
  rack: anAnswer("rack", [aLiveVm("db", { labels: { role: "db" } }, { owner: "" })]),
  desk: anAnswer("desk", [
    aLiveVm("web-2", { labels: { role: "web", tier: "1" } }, { owner: "terraform:shop" }),
    aLiveVm("web-1", { labels: { role: "web" } }, { owner: "terraform:shop" }),
    aLiveVm("new", {}, { phase: "creating" }),
  ]),
};

async function find(
  config: Readonly<Record<string, Value>>,
  { limit = 0, withState = false, fleet = FLEET as Parameters<typeof fleetOf>[0] } = {},
): Promise<ListedObject[]> {
  const list = listVms(fleetOf(fleet), (agent, vm) => newValues([["name", `${agent} ${vm.uid}`]]));
  const none = newValues(Object.keys(list.schema.attributes).map((name) => [name, null]));
  const { signal } = new AbortController();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return await Array.fromAsync(list.find(newValues(Object.entries({ ...none, ...config })), { limit, withState }, { signal, log }));
}

suite("a search for VMs", () => {
  const cases: { name: string; config?: Readonly<Record<string, Value>>; limit?: number; want: string[] }[] = [
    { name: "all of them, in order", want: ["desk/web-1", "desk/web-2", "rack/db"] },
    { name: "of one agent", config: { agent: "rack" }, want: ["rack/db"] },
    { name: "with a label", config: { labels: { role: "web" } }, want: ["desk/web-1", "desk/web-2"] },
    { name: "with two labels", config: { labels: { role: "web", tier: "1" } }, want: ["desk/web-2"] },
    { name: "with a label like a built-in name", config: { labels: { constructor: "x" } }, want: [] },
    { name: "of nobody", config: { owner: "" }, want: ["rack/db"] },
    { name: "of an owner", config: { owner: "terraform:shop" }, want: ["desk/web-1", "desk/web-2"] },
    { name: "no more than asked for", limit: 2, want: ["desk/web-1", "desk/web-2"] },
  ];
  for (const { name, config = {}, limit = 0, want } of cases)
    test(name, async () => {
      assert.deepEqual(
        (await find(config, { limit })).map(({ displayName }) => displayName),
        want,
      );
    });

  test("tells who each is, and its state when asked", async () => {
    const [bare] = await find({ agent: "rack" });
    assert.deepEqual(bare, {
      displayName: "rack/db",
      identity: newValues([
        ["agent_id", "id-rack"],
        ["uid", "uid-db"],
      ]),
    });
    const [full] = await find({ agent: "rack" }, { withState: true });
    assert.deepEqual(full?.state, newValues([["name", "rack uid-db"]]));
  });

  test("warns of an agent that is down, and goes on", async () => {
    const found = await find({}, { fleet: { ...FLEET, attic: undefined } });
    assert.deepEqual(
      found.map(({ displayName }) => displayName),
      ["attic", "desk/web-1", "desk/web-2", "rack/db"],
    );
    assert.deepEqual([found[0]?.identity, found[0]?.diagnostics?.[0]?.severity], [undefined, "warning"]);
    assert.match(found[0]?.diagnostics?.[0]?.detail ?? "", /"attic" does not answer/);
  });

  test("refuses an agent that there is not, at its attribute", async () => {
    const [only, ...others] = await find({ agent: "dusk" });
    assert.deepEqual([others, only?.diagnostics?.[0]?.severity, only?.diagnostics?.[0]?.path], [[], "error", ["agent"]]);
    assert.match(only?.diagnostics?.[0]?.detail ?? "", /no agent "dusk"[^]*"desk"/);
  });
});
