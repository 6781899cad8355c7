/*
 * One copy of the stack's record, written against whoever else writes it.
 *
 * (1) A record may name too many members, never too few: whatever an apply is about to make is in it before.
 * (2) A copy is replaced only while it is the one that the caller knows. Otherwise another apply wrote it meanwhile: its
 *     members are kept; only what this apply deleted is taken out.
 * (3) A copy that says already what it must is compared, not sent again.
 */
import type { SetRecord, SetVersion } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { HostCalls } from "../observe.ts";
import type { StackSet } from "../plan/set-record.ts";
import { memberKey, setDigest, sortSet, unionSets, versionOf } from "../plan/set-record.ts";

type SetClient = Pick<HostCalls, "snapshot" | "updateSet">;

/** How often another writer may come first. */
const ATTEMPTS = 5;

export interface SetWrite {
  readonly stack: string;
  readonly set: StackSet;
  /** The copy as the caller knows it. */
  readonly expected: SetVersion;
  /** Takes out of a record what is in it no longer. */
  readonly revise?: (set: StackSet) => StackSet;
  /** The copy is known to say the same: it is to be compared only. */
  readonly isKept?: boolean;
}

/** A copy as it is stored now. */
export interface StoredSet {
  readonly set: StackSet;
  readonly version: SetVersion;
}

/** Throws a GhostError. */
export async function writeSet(
  client: SetClient,
  { stack, set, expected, revise = (same) => same, isKept = false }: SetWrite,
): Promise<StoredSet> {
  let next = toRecord(stack, { ...revise(set), serial: Math.max(set.serial, expected.serial + 1) });
  let known = expected;
  for (let attempt = 1; ; attempt++) {
    try {
      if (isKept && attempt === 1) {
        await client.updateSet({ stack, ...known, members: [], agents: [], membersOmitted: true }, known);
        return { set, version: known };
      }
      await client.updateSet(next, known);
      return toStored(next);
    } catch (reason) {
      const problem = GhostError.from(reason);
      if (problem.diagnostics[0].code !== "SET_CONFLICT" || attempt === ATTEMPTS) throw problem;
    }
    const { set: stored } = await client.snapshot(stack);
    known = versionOf(stored);
    if (stored === undefined) continue;
    const merged = revise(unionSets([stored, { ...next, serial: stored.serial + 1 }]));
    if (stored.digest === setDigest(merged) && isKeptAsLong(stored, merged)) return toStored(stored);
    next = toRecord(stack, merged);
  }
}

/** The digest does not tell until when members may be made. */
function isKeptAsLong(stored: SetRecord, wanted: StackSet): boolean {
  const untils = new Map(stored.members.map((member) => [memberKey(member), member.until ?? ""]));
  return wanted.members.every((member) => member.until === undefined || member.until <= untils.get(memberKey(member))!);
}

function toRecord(stack: string, set: StackSet): SetRecord {
  const { serial, members, agents } = sortSet(set);
  return { stack, serial, members, agents, digest: setDigest({ members, agents }) };
}

function toStored(record: SetRecord): StoredSet {
  return { set: record, version: versionOf(record) };
}
