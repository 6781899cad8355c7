import { createHash } from "node:crypto";
import type { Json, ObservedVm } from "@ghost/schemas";
import { SAVED_DOMAIN } from "@ghost/schemas";
import { canonicalJson } from "../plan/canonical.ts";
import { sameValue } from "./same.ts";

/** Raised when the projection changes shape: a plan made before is then stale, never wrongly accepted. */
const REVISION_VERSION = "v1";

/**
 * What makes an object the one that a plan was made for: live and pending configuration, status, uid, name, owner,
 * protection, identity and size of its disks, and which of them stay, whether its memory is saved. Never an address,
 * usage, a time or who changed it last.
 */
export function projectVm(vm: Omit<ObservedVm, "revision">): Json {
  // What `power` says is on record; what the machine does is its status.
  const { power: _power, ...live } = vm.live;
  return {
    uid: vm.uid,
    name: vm.name,
    owner: vm.owner,
    status: vm.status,
    protect: vm.live.protect === true,
    disk_ids: vm.diskIds,
    ...(isSaved(vm) && { saved: true }),
    ...(vm.foreignDisks !== undefined && { foreign_disks: [...vm.foreignDisks] }),
    live: dropUndefined(live),
    pending: dropUndefined(vm.pending),
  };
}

/** True for a VM that is stopped and keeps its memory: its next start goes on from there. */
export function isSaved({ status, statusReason }: Pick<ObservedVm, "status" | "statusReason">): boolean {
  return status === "stopped" && statusReason === SAVED_DOMAIN;
}

/** `v1:<hex>`: the hash of the projection. */
export function revisionOf(vm: Omit<ObservedVm, "revision">): string {
  return `${REVISION_VERSION}:${createHash("sha256")
    .update(canonicalJson(projectVm(vm)))
    .digest("hex")}`;
}

/** One clause for every value that differs between two projections: "vcpu was 2, is 4". */
export function describeDifference(before: Json, after: Json): string[] {
  const clauses: string[] = [];
  compare([], before, after, clauses);
  return clauses;
}

function compare(path: readonly string[], before: Json | undefined, after: Json | undefined, clauses: string[]): void {
  if (sameValue(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    for (const key of keys) compare([...path, key], before[key], after[key], clauses);
    return;
  }
  clauses.push(`${nameOf(path)} was ${say(before)}, is ${say(after)}`);
}

function nameOf(path: readonly string[]): string {
  if (path[0] === "live") return path.slice(1).join(".") || "configuration";
  if (path[0] === "pending") return `${path.slice(1).join(".") || "configuration"} (stored for the next boot)`;
  return path.join(".");
}

function say(value: Json | undefined): string {
  return value === undefined || value === "" ? "not set" : typeof value === "string" ? value : JSON.stringify(value);
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A document has no undefined; a value in memory may. */
function dropUndefined(value: object): Json {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Json;
}
