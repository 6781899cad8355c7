/*
 * One copy of the stack's record, written against whoever else writes it.
 *
 * (1) A record may name too many members, never too few: whatever an apply is about to make is in it before.
 * (2) Another apply may have written meanwhile. Its members are kept; only what this apply deleted is taken out.
 */
import type { SetMember, SetRecord } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { HostCalls } from "../observe.ts";
import type { StackSet } from "../plan/set-record.ts";
import { memberKey, setDigest, sortSet, unionSets } from "../plan/set-record.ts";

type SetClient = Pick<HostCalls, "snapshot" | "updateSet">;

/** How often another writer may come first. */
const ATTEMPTS = 5;

/** Writes the record on one agent, without the members that are gone; gives what is stored there now. Throws a GhostError. */
export async function writeSet(client: SetClient, stack: string, set: StackSet, gone: readonly SetMember[] = []): Promise<SetRecord> {
  let next = toRecord(stack, without(set, gone));
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.updateSet(next);
    } catch (reason) {
      const problem = GhostError.from(reason);
      if (problem.diagnostics[0].code !== "SET_CONFLICT" || attempt === ATTEMPTS) throw problem;
    }
    const { set: stored } = await client.snapshot(stack);
    if (stored === undefined) continue;
    const merged = without(unionSets([stored, { ...next, serial: stored.serial + 1 }]), gone);
    if (stored.digest === setDigest(merged)) return stored;
    next = toRecord(stack, merged);
  }
}

function without(set: StackSet, gone: readonly SetMember[]): StackSet {
  const keys = new Set(gone.map(memberKey));
  return { ...set, members: set.members.filter((member) => !keys.has(memberKey(member))) };
}

function toRecord(stack: string, set: StackSet): SetRecord {
  const { serial, members, agents } = sortSet(set);
  return { stack, serial, members, agents, digest: setDigest({ members, agents }) };
}
