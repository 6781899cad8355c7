import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as constants from "../gen/constants.ts";
import { wordFor } from "./words.ts";

suite("libvirt's words", () => {
  const cases = [
    { enumeration: constants.virDomainState, value: 0, word: "nostate" },
    { enumeration: constants.virDomainState, value: 5, word: "shutoff" },
    { enumeration: constants.virDomainRunningReason, value: 4, word: "from-snapshot" },
    { enumeration: constants.virDomainPMSuspendedReason, value: 0, word: "unknown" },
    { enumeration: constants.virConnectDomainEventAgentLifecycleState, value: 1, word: "connected" },
    { enumeration: constants.virDomainMemoryStatTags, value: 6, word: "actual-balloon" },
    { enumeration: constants.virDomainState, value: 99, word: "99" },
    { enumeration: {}, value: 3, word: "3" },
  ];
  for (const { enumeration, value, word } of cases) test(`${word}`, () => assert.equal(wordFor(enumeration, value), word));
});

suite("the constants", () => {
  test("are those of libvirt's headers, however they are written there", () => {
    assert.equal(constants.virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_NVRAM, 4);
    assert.equal(constants.virDomainDefineFlags.VIR_DOMAIN_DEFINE_VALIDATE, 1);
    assert.equal(constants.virConnectGetAllDomainStatsFlags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS, 2 ** 31);
    assert.equal(constants.virErrorNumber.VIR_ERR_AGENT_UNRESPONSIVE, 86);
    assert.equal(constants.virErrorDomain.VIR_FROM_QEMU, 10);
    assert.equal(constants.virDomainEventID.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, 23);
  });

  test("have no sentinels", () => {
    const names = Object.values(constants).flatMap((group) => (typeof group === "object" ? Object.keys(group) : []));
    assert.ok(names.length > 500);
    assert.deepEqual(
      names.filter((name) => name.endsWith("_LAST") && name !== "VIR_NETWORK_UPDATE_COMMAND_ADD_LAST"),
      [],
    );
  });
});
