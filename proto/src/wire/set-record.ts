import type { SetRecord } from "@ghost/schemas";
import type { SetRecord as SetRecordMessage } from "../../gen/ghost/host/v1/host.ts";
import { requireOneOf } from "./require.ts";

export function setRecordToWire(set: SetRecord): SetRecordMessage {
  return {
    stack: set.stack,
    serial: set.serial,
    members: set.members.map((member) => ({ kind: member.kind, name: member.name, uid: member.uid, agent_id: member.agentId })),
    agents: set.agents.map((agent) => ({ agent_id: agent.agentId, name: agent.name, address: agent.address })),
    digest: set.digest ?? "",
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
    })),
    agents: message.agents.map((agent) => ({ agentId: agent.agent_id, name: agent.name, address: agent.address })),
    ...(message.digest !== "" && { digest: message.digest }),
  };
}

const MEMBER_KINDS = ["vm", "template"] as const;
