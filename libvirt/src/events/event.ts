import {
  virConnectDomainEventAgentLifecycleReason,
  virConnectDomainEventAgentLifecycleState,
  virConnectDomainEventBlockJobStatus,
  virDomainBlockJobType,
  virDomainEventCrashedDetailType,
  virDomainEventDefinedDetailType,
  virDomainEventID,
  virDomainEventIOErrorAction,
  virDomainEventPMSuspendedDetailType,
  virDomainEventResumedDetailType,
  virDomainEventShutdownDetailType,
  virDomainEventStartedDetailType,
  virDomainEventStoppedDetailType,
  virDomainEventSuspendedDetailType,
  virDomainEventType,
  virDomainEventUndefinedDetailType,
  virDomainEventWatchdogAction,
  virDomainMetadataType,
} from "../../gen/constants.ts";
import type { Messages } from "../../gen/types.ts";
import type { Domain } from "../calls/reference.ts";
import { fromDomain } from "../calls/reference.ts";
import { wordFor } from "../words.ts";

interface EventOf<K extends string> {
  readonly kind: K;
  readonly domain: Domain;
}

/** What happened to a domain, in libvirt's words: `started` with the detail `booted`. */
export type DomainEvent =
  | (EventOf<"lifecycle"> & { readonly event: LifecycleEvent; readonly detail: string })
  | EventOf<"reboot">
  | (EventOf<"watchdog"> & { readonly action: string })
  | (EventOf<"io-error"> & { readonly path: string; readonly device: string; readonly action: string; readonly reason: string })
  | (EventOf<"balloon-change"> & { readonly actualKib: number })
  | (EventOf<"device-added"> & { readonly device: string })
  | (EventOf<"device-removed"> & { readonly device: string })
  | (EventOf<"device-removal-failed"> & { readonly device: string })
  | (EventOf<"block-job"> & { readonly disk: string; readonly type: string; readonly status: string })
  | (EventOf<"agent-lifecycle"> & { readonly state: string; readonly reason: string })
  | (EventOf<"metadata-change"> & { readonly type: string; readonly uri: string | undefined });

export type DomainEventKind = DomainEvent["kind"];
/** The events of these kinds. */
export type DomainEventOf<K extends DomainEventKind> = Extract<DomainEvent, { kind: K }>;
export type LifecycleEvent =
  | "defined"
  | "undefined"
  | "started"
  | "suspended"
  | "resumed"
  | "stopped"
  | "shutdown"
  | "pmsuspended"
  | "crashed";

/** Where events of domains come from. */
export interface EventSource {
  /** Calls the listener for every event of these kinds, of whatever domain. Resolves when libvirt has been asked to send them. Gives how to stop. */
  subscribe<K extends DomainEventKind>(kinds: readonly K[], listener: (event: DomainEventOf<K>) => void): Promise<() => Promise<void>>;
}

interface KindFacts<M extends keyof Messages = keyof Messages> {
  /** The number under which libvirt is asked for it. */
  readonly id: number;
  readonly message: M;
  read(message: Messages[M]): DomainEvent;
}

const DETAILS: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [virDomainEventType.VIR_DOMAIN_EVENT_DEFINED]: virDomainEventDefinedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_UNDEFINED]: virDomainEventUndefinedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_STARTED]: virDomainEventStartedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_SUSPENDED]: virDomainEventSuspendedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_RESUMED]: virDomainEventResumedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_STOPPED]: virDomainEventStoppedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_SHUTDOWN]: virDomainEventShutdownDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_PMSUSPENDED]: virDomainEventPMSuspendedDetailType,
  [virDomainEventType.VIR_DOMAIN_EVENT_CRASHED]: virDomainEventCrashedDetailType,
};

export const EVENT_KINDS: Readonly<Record<DomainEventKind, KindFacts>> = {
  lifecycle: facts(virDomainEventID.VIR_DOMAIN_EVENT_ID_LIFECYCLE, "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_LIFECYCLE", ({ msg }) => ({
    kind: "lifecycle",
    domain: fromDomain(msg.dom),
    event: wordFor(virDomainEventType, msg.event) as LifecycleEvent,
    detail: wordFor(DETAILS[msg.event] ?? {}, msg.detail),
  })),
  reboot: facts(virDomainEventID.VIR_DOMAIN_EVENT_ID_REBOOT, "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT", ({ msg }) => ({
    kind: "reboot",
    domain: fromDomain(msg.dom),
  })),
  watchdog: facts(virDomainEventID.VIR_DOMAIN_EVENT_ID_WATCHDOG, "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_WATCHDOG", ({ msg }) => ({
    kind: "watchdog",
    domain: fromDomain(msg.dom),
    action: wordFor(virDomainEventWatchdogAction, msg.action),
  })),
  "io-error": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_IO_ERROR_REASON",
    ({ msg }) => ({
      kind: "io-error",
      domain: fromDomain(msg.dom),
      path: msg.srcPath,
      device: msg.devAlias,
      action: wordFor(virDomainEventIOErrorAction, msg.action),
      reason: msg.reason,
    }),
  ),
  "balloon-change": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE",
    ({ msg }) => ({
      kind: "balloon-change",
      domain: fromDomain(msg.dom),
      actualKib: Number(msg.actual),
    }),
  ),
  "device-added": facts(virDomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_DEVICE_ADDED", (msg) => ({
    kind: "device-added",
    domain: fromDomain(msg.dom),
    device: msg.devAlias,
  })),
  "device-removed": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED",
    ({ msg }) => ({
      kind: "device-removed",
      domain: fromDomain(msg.dom),
      device: msg.devAlias,
    }),
  ),
  "device-removal-failed": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED",
    (msg) => ({ kind: "device-removal-failed", domain: fromDomain(msg.dom), device: msg.devAlias }),
  ),
  // By the name of the disk in the guest (`vda`), not by the path, which a job may change.
  "block-job": facts(virDomainEventID.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, "REMOTE_PROC_DOMAIN_EVENT_BLOCK_JOB_2", (msg) => ({
    kind: "block-job",
    domain: fromDomain(msg.dom),
    disk: msg.dst,
    type: wordFor(virDomainBlockJobType, msg.type),
    status: wordFor(virConnectDomainEventBlockJobStatus, msg.status),
  })),
  "agent-lifecycle": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE",
    (msg) => ({
      kind: "agent-lifecycle",
      domain: fromDomain(msg.dom),
      state: wordFor(virConnectDomainEventAgentLifecycleState, msg.state),
      reason: wordFor(virConnectDomainEventAgentLifecycleReason, msg.reason),
    }),
  ),
  "metadata-change": facts(
    virDomainEventID.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
    "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_METADATA_CHANGE",
    (msg) => ({
      kind: "metadata-change",
      domain: fromDomain(msg.dom),
      type: wordFor(virDomainMetadataType, msg.type),
      uri: msg.nsuri,
    }),
  ),
};

/** Checked where the message is named; kept without it. */
function facts<M extends keyof Messages>(id: number, message: M, read: (message: Messages[M]) => DomainEvent): KindFacts {
  return { id, message, read: read as KindFacts["read"] };
}
