import type { VmSnapshot } from "@ghost/schemas";
import type { VmSnapshot as VmSnapshotMessage } from "../../gen/ghost/host/v1/host.ts";
import { requireOneOf, requirePart } from "./require.ts";

export function vmSnapshotToWire({ name, description, createdAt, status, parent, isCurrent }: VmSnapshot): VmSnapshotMessage {
  return { name, description, created_at: createdAt, status, parent: parent ?? "", current: isCurrent };
}

export function vmSnapshotFromWire(message: VmSnapshotMessage): VmSnapshot {
  const { name } = message;
  return {
    name,
    description: message.description,
    createdAt: requirePart(message.created_at, "AGENT_PROTOCOL", `The time of snapshot ${name}`),
    status: requireOneOf(message.status, STATUSES, "AGENT_VERSION", `The status of snapshot ${name}`),
    ...(message.parent !== "" && { parent: message.parent }),
    isCurrent: message.current,
  };
}

const STATUSES = ["running", "paused", "stopped"] as const satisfies readonly VmSnapshot["status"][];
