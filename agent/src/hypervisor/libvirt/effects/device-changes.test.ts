import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { DomainChange, DomainNic } from "../../driver.ts";
import { deviceChanges, goneNics } from "./device-changes.ts";
import type { DeviceChanges, NicSide } from "./device-changes.ts";

suite("deviceChanges", () => {
  const root = { id: "r", sizeGb: 1 };
  const data = { id: "d", sizeGb: 1 };
  const lan = { mac: "52:54:00:00:00:01", network: "lan" };
  const config = { disks: { root, data }, nics: { lan } };
  const moved = { ...lan, network: "other" };
  const cases: readonly { name: string; asked: DomainChange; want: Partial<DeviceChanges> }[] = [
    { name: "nothing asked, nothing changed", asked: {}, want: {} },
    { name: "a disk that is there stays", asked: { addDisks: { data } }, want: {} },
    { name: "also when it is named among the removed", asked: { addDisks: { data }, removeDisks: ["data"] }, want: {} },
    { name: "a disk that is not there is none to remove", asked: { removeDisks: ["logs"] }, want: {} },
    { name: "a disk goes", asked: { removeDisks: ["data"] }, want: { removeDisks: ["data"] } },
    {
      name: "a disk takes another's name",
      asked: { addDisks: { root: { id: "r2", sizeGb: 1 } } },
      want: { removeDisks: ["root"], addDisks: { root: { id: "r2", sizeGb: 1 } } },
    },
    {
      name: "a card that is there stays, however its address is written",
      asked: { addNics: { lan: { ...lan, mac: "52:54:00:00:00:01" } } },
      want: {},
    },
    { name: "a card to be added that is another one is changed", asked: { addNics: { lan: moved } }, want: { updateNics: { lan: moved } } },
    { name: "a card to be changed that is not there is added", asked: { updateNics: { dmz: moved } }, want: { addNics: { dmz: moved } } },
    { name: "a card goes", asked: { removeNics: ["lan", "dmz"] }, want: { removeNics: ["lan"] } },
    { name: "names of every object are names", asked: { addNics: { constructor: lan } }, want: { addNics: { constructor: lan } } },
  ];
  const nothing: DeviceChanges = { removeDisks: [], addDisks: {}, removeNics: [], addNics: {}, updateNics: {} };
  for (const { name, asked, want } of cases) {
    test(name, () => assert.deepEqual(deviceChanges(config, asked), { ...nothing, ...want }));
  }
});

suite("the cards that are gone after a change", () => {
  const lan = { mac: "52:54:00:00:00:01", network: "lan" };
  const dmz = { mac: "52:54:00:00:00:02", network: "dmz" };
  type Nics = Readonly<Record<string, DomainNic>>;
  const side = (nics: Nics, asked?: DomainChange): NicSide => ({ nics, changes: asked && deviceChanges({ disks: {}, nics }, asked) });
  const cases: readonly { name: string; sides: readonly NicSide[]; want: readonly DomainNic[] }[] = [
    { name: "none", sides: [side({ lan }, { addNics: { dmz } })], want: [] },
    { name: "one that is taken out", sides: [side({ lan, dmz }, { removeNics: ["lan"] })], want: [lan] },
    {
      name: "once, of a machine that runs",
      sides: [side({ lan, dmz }, { removeNics: ["lan"] }), side({ lan, dmz }, { removeNics: ["lan"] })],
      want: [lan],
    },
    { name: "not while the running machine keeps it", sides: [side({ lan }, { removeNics: ["lan"] }), side({ lan })], want: [] },
    {
      name: "one that gets another address",
      sides: [side({ lan }, { updateNics: { lan: { ...lan, mac: dmz.mac } } })],
      want: [lan],
    },
    { name: "one that goes to another network", sides: [side({ lan }, { updateNics: { lan: { ...lan, network: "dmz" } } })], want: [lan] },
    { name: "not one that has another name now", sides: [side({ lan }, { removeNics: ["lan"], addNics: { first: lan } })], want: [] },
  ];
  for (const { name, sides, want } of cases) test(name, () => assert.deepEqual(goneNics(...sides), want));
});
