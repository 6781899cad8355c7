import type { SetRecord } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { SetRecord as SetRecordMessage } from "../../gen/ghost/host/v1/host.ts";
import { requireOneOf } from "./require.ts";
import { toSeconds } from "./seconds.ts";

export function setRecordToWire(set: SetRecord): SetRecordMessage {
  return {
    stack: set.stack,
    serial: set.serial,
    members: set.members.map((member) => ({
      kind: member.kind,
      name: member.name,
      uid: member.uid,
      agent_id: member.agentId,
      until: member.until === undefined ? undefined : toInstant(member.until, set.stack),
      other_names: [...(member.otherNames ?? [])],
    })),
    agents: set.agents.map((agent) => ({ agent_id: agent.agentId, name: agent.name, address: agent.address })),
    digest: set.digest ?? "",
    members_omitted: set.membersOmitted ?? false,
  };
}

export function setRecordFromWire(message: SetRecordMessage): SetRecord {
  return {
    stack: message.stack,
    serial: message.serial,
    members: message.members.map((member) => ({
      kind: requireOneOf(member.kind, MEMBER_KINDS, "AGENT_VERSION", `The kind of ${member.name} in the set record of ${message.stack}`),
      name: member.name,
      uid: member.uid,
      agentId: member.agent_id,
      ...(member.until !== undefined && { until: toSeconds(requireInstant(member.until, message.stack)) }),
      ...(member.other_names.length > 0 && { otherNames: member.other_names }),
    })),
    agents: message.agents.map((agent) => ({ agentId: agent.agent_id, name: agent.name, address: agent.address })),
    ...(message.digest !== "" && { digest: message.digest }),
    ...(message.members_omitted && { membersOmitted: true }),
  };
}

const MEMBER_KINDS = ["vm", "template"] as const;

/** Throws PLAN_UNREADABLE for what is no instant. */
function toInstant(text: string, stack: string): Date {
  return requireInstant(new Date(text), stack);
}

function requireInstant(instant: Date, stack: string): Date {
  if (!Number.isNaN(instant.getTime())) return instant;
  throw problem("PLAN_UNREADABLE", `A member of the set record of ${stack} has an \`until\` that is no instant.`, {
    hint: "Make the plan again with ghost plan.",
  });
}
