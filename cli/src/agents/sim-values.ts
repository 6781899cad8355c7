/** `ram_gb=8 disks.data=20`: what a person may change of a simulated machine behind its agent's back. */
import type { GhostError } from "@ghost/schemas";
import type { BehindChange, HypervisorCall, LatencyKey } from "@ghost/agent";
import { nearest } from "../command/nearest.ts";
import { usageProblem } from "../command/usage.ts";

const USAGE = { usage: "ghost agent sim", summary: "" };

type Kind = "number" | "boolean" | "string";

const KEYS = {
  name: "string",
  status: "string",
  status_reason: "string",
  vcpu: "number",
  vcpu_max: "number",
  ram_gb: "number",
  ram_max_gb: "number",
  disk_gb: "number",
  autostart: "boolean",
  firmware: "string",
  machine: "string",
  accel: "string",
  ignores_acpi: "boolean",
  guest_agent: "boolean",
  ip_address: "string",
  metadata: "string",
  where: "string",
} as const satisfies Partial<Record<keyof BehindChange, Kind>>;

const MAPS = { disks: "number", networks: "string" } as const satisfies Partial<Record<keyof BehindChange, Kind>>;

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  status: ["running", "stopped", "paused", "error"],
  firmware: ["bios", "uefi"],
  machine: ["q35", "pc"],
  accel: ["auto", "kvm", "tcg"],
  where: ["both", "live", "stored"],
};

/** What the agent asks of a hypervisor, and what a guest does by itself after its start. */
const CALLS = {
  ping: true,
  facts: true,
  images: true,
  networks: true,
  list: true,
  find: true,
  findByName: true,
  usage: true,
  ensureImage: true,
  createDisk: true,
  listDisks: true,
  deleteDisk: true,
  growDisk: true,
  define: true,
  change: true,
  setGuest: true,
  start: true,
  stop: true,
  powerOff: true,
  suspend: true,
  resume: true,
  snapshots: true,
  createSnapshot: true,
  revertSnapshot: true,
  deleteSnapshot: true,
  openConsole: true,
  consoleLog: true,
  pruneImages: true,
  undefine: true,
} as const satisfies Record<HypervisorCall, true>;

const LATENCY_KEYS: readonly LatencyKey[] = [...(Object.keys(CALLS) as HypervisorCall[]), "address", "boot"];

/** Every key, for help. */
export const SIM_KEYS: readonly string[] = [...Object.keys(KEYS), "disks.NAME", "networks.NAME"];

/** Reads `key=value` words. Throws USAGE. */
export function parseBehindChange(words: readonly string[]): BehindChange {
  const change: Record<string, unknown> = {};
  for (const [key, text] of parsePairs(words)) {
    const [map, item] = splitMap(key);
    if (map !== undefined) {
      const items = (change[map] ??= {}) as Record<string, unknown>;
      items[item] = parseScalar(key, text, MAPS[map]);
      continue;
    }
    const kind = Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : undefined;
    if (kind === undefined) throw unknownKey(key, SIM_KEYS);
    change[key] = parseScalar(key, text, kind);
  }
  return change as BehindChange;
}

/** Reads `key=number` words with these keys only. Throws USAGE. */
export function parseNumbers<K extends string>(words: readonly string[], keys: readonly K[]): Partial<Record<K, number>> {
  const numbers: Partial<Record<K, number>> = {};
  for (const [key, text] of parsePairs(words)) {
    if (!(keys as readonly string[]).includes(key)) throw unknownKey(key, keys);
    numbers[key as K] = parseScalar(key, text, "number") as number;
  }
  return numbers;
}

/** Reads `call=milliseconds` words. Throws USAGE. */
export function parseLatency(words: readonly string[]): Partial<Record<LatencyKey, number>> {
  return parseNumbers(words, LATENCY_KEYS);
}

/** The call that goes wrong; `*` is every call. Throws USAGE. */
export function parseCall(word: string): HypervisorCall | "*" {
  if (word !== "*" && !Object.hasOwn(CALLS, word)) throw unknownKey(word, ["*", ...Object.keys(CALLS)], "call");
  return word as HypervisorCall | "*";
}

function parsePairs(words: readonly string[]): (readonly [key: string, value: string])[] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw usageProblem(`"${word}" must be KEY=VALUE.`, USAGE);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function splitMap(key: string): readonly [map: keyof typeof MAPS | undefined, item: string] {
  const at = key.indexOf(".");
  const map = key.slice(0, Math.max(at, 0));
  const item = key.slice(at + 1);
  return Object.hasOwn(MAPS, map) && /^[a-z][a-z0-9-]*$/.test(item) ? [map as keyof typeof MAPS, item] : [undefined, ""];
}

function parseScalar(key: string, text: string, kind: Kind): string | number | boolean {
  const choices = CHOICES[key];
  if (choices !== undefined && !choices.includes(text))
    throw usageProblem(`${key} is "${text}"; it must be one of ${choices.join(", ")}.`, USAGE);
  if (kind === "string") return text;
  if (kind === "boolean") {
    if (text !== "true" && text !== "false") throw usageProblem(`${key} is "${text}"; it must be true or false.`, USAGE);
    return text === "true";
  }
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) throw usageProblem(`${key} is "${text}"; it must be a number.`, USAGE);
  return Number(text);
}

function unknownKey(key: string, keys: readonly string[], what = "key"): GhostError {
  const near = nearest(key, keys);
  return usageProblem(
    `There is no ${what} "${key}"; there are ${keys.join(", ")}.`,
    USAGE,
    near === undefined ? undefined : `Did you mean ${near}?`,
  );
}
