import {
  virDomainBlockedReason,
  virDomainCrashedReason,
  virDomainNostateReason,
  virDomainPMSuspendedReason,
  virDomainPausedReason,
  virDomainRunningReason,
  virDomainShutdownReason,
  virDomainShutoffReason,
  virDomainState,
} from "../../gen/constants.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { wordFor } from "../words.ts";
import { toDomain } from "./reference.ts";
import type { DomainRef } from "./reference.ts";

/** In libvirt's words. `shutdown` is on its way down, `shutoff` is off. */
export type DomainStateName = "nostate" | "running" | "blocked" | "paused" | "shutdown" | "shutoff" | "crashed" | "pmsuspended";

export interface DomainState {
  readonly state: DomainStateName;
  /** Why: `booted`, `destroyed`, `from-snapshot`. */
  readonly reason: string;
}

const REASONS: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [virDomainState.VIR_DOMAIN_NOSTATE]: virDomainNostateReason,
  [virDomainState.VIR_DOMAIN_RUNNING]: virDomainRunningReason,
  [virDomainState.VIR_DOMAIN_BLOCKED]: virDomainBlockedReason,
  [virDomainState.VIR_DOMAIN_PAUSED]: virDomainPausedReason,
  [virDomainState.VIR_DOMAIN_SHUTDOWN]: virDomainShutdownReason,
  [virDomainState.VIR_DOMAIN_SHUTOFF]: virDomainShutoffReason,
  [virDomainState.VIR_DOMAIN_CRASHED]: virDomainCrashedReason,
  [virDomainState.VIR_DOMAIN_PMSUSPENDED]: virDomainPMSuspendedReason,
};

export async function domainState(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<DomainState> {
  const { state, reason } = await caller.call("REMOTE_PROC_DOMAIN_GET_STATE", { dom: toDomain(domain), flags: 0 }, options);
  return stateFrom(state, reason);
}

/** From libvirt's numbers, which statistics give as `state.state` and `state.reason`. */
export function stateFrom(state: number, reason: number): DomainState {
  return { state: wordFor(virDomainState, state) as DomainStateName, reason: wordFor(REASONS[state] ?? {}, reason) };
}
