import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { SetMember } from "@ghost/schemas";
import { aLiveVm, aSet } from "../testdata/fixtures.ts";
import { joinMember, omitSettled, setDigest } from "./set-record.ts";

const member = (more: Partial<SetMember> = {}): SetMember => ({ kind: "vm", name: "web", uid: "uid-web", agentId: "id-desk", ...more });
const until = "2030-01-31T12:00:00Z";
const later = "2030-02-01T12:00:00Z";

suite("omitSettled", () => {
  const rows: readonly {
    readonly name: string;
    readonly member: SetMember;
    readonly vm?: ReturnType<typeof aLiveVm>;
    readonly told: boolean;
  }[] = [
    { name: "there as recorded", member: member(), vm: aLiveVm("web"), told: false },
    { name: "there as recorded, though it may be made still", member: member({ until }), vm: aLiveVm("web"), told: false },
    { name: "gone", member: member(), told: false },
    { name: "not there yet", member: member({ until }), told: true },
    { name: "half made", member: member({ until }), vm: aLiveVm("web", {}, { phase: "creating" }), told: true },
    { name: "of somebody else", member: member({ until }), vm: aLiveVm("web", {}, { owner: "agent" }), told: true },
    { name: "under another name", member: member(), vm: aLiveVm("web", {}, { name: "other" }), told: true },
    { name: "with two names", member: member({ until, otherNames: ["old"] }), vm: aLiveVm("web"), told: true },
    { name: "of another host", member: member({ until, agentId: "id-loft" }), told: false },
  ];
  for (const { name, member: one, vm, told } of rows) {
    test(`a member ${name} is ${told ? "told" : "left out"}`, () => {
      const set = { ...aSet([]), members: [one], digest: "sha256:a" };
      const answer = omitSettled(set, "id-desk", vm === undefined ? [] : [vm]);
      assert.deepEqual(answer, told ? set : { ...set, members: [], membersOmitted: true });
    });
  }

  test("a record without a digest is told whole", () => {
    const set = aSet(["loft/db"]);
    assert.equal(omitSettled(set, "id-desk", []), set);
  });
});

test("joining forgets no name and no time", () => {
  assert.deepEqual(joinMember(member(), undefined), member());
  assert.deepEqual(joinMember(member(), member({ name: "old" })), member());
  assert.deepEqual(joinMember(member({ until }), member({ until: later })), member({ until: later }));
  assert.deepEqual(
    joinMember(member(), member({ name: "new", otherNames: ["web", "x"], until })),
    member({ otherNames: ["new", "x"], until }),
  );
});

test("the digest tells names, and not until when", () => {
  const digest = (one: SetMember): string => setDigest({ members: [one], agents: [] });
  assert.equal(digest(member({ until })), digest(member()));
  assert.notEqual(digest(member({ otherNames: ["old"] })), digest(member()));
});
