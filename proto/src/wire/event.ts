import type { Operation } from "@ghost/schemas";
import type { WatchResponse } from "../../gen/ghost/host/v1/host.ts";
import { operationFromWire, operationToWire } from "./operation.ts";

/** Something that happened on a host. */
export interface HostEvent {
  /** Given to `watch`, it goes on after this event. */
  readonly resumeToken: string;
  readonly time?: Date;
  /** vm-created, vm-changed, vm-deleted, vm-status or operation; a newer agent may have more. */
  readonly type: string;
  readonly name: string;
  readonly uid: string;
  readonly detail: string;
  readonly operation?: Operation;
}

export function eventToWire(event: HostEvent): WatchResponse {
  return {
    resume_token: event.resumeToken,
    time: event.time,
    type: event.type,
    name: event.name,
    uid: event.uid,
    detail: event.detail,
    operation: event.operation && operationToWire(event.operation),
  };
}

export function eventFromWire(message: WatchResponse): HostEvent {
  return {
    resumeToken: message.resume_token,
    ...(message.time !== undefined && { time: message.time }),
    type: message.type,
    name: message.name,
    uid: message.uid,
    detail: message.detail,
    ...(message.operation !== undefined && { operation: operationFromWire(message.operation) }),
  };
}
