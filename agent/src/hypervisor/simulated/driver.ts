/*
 * A host that exists only in a database, with the manners of libvirt: live and stored configuration, hotplug within
 * headroom, disks that live apart from domains, graceful and forced stops, addresses, images that take time to fetch.
 *
 * (1) Every effect is one transaction: a killed process leaves the state before or after it, nothing between.
 * (2) What another process writes into `host.db` is seen by the next question and told to listeners within
 *     POLL_MS: that is what somebody does "behind the agent".
 */
import { gibToBytes, problem } from "@ghost/schemas";
import type { ObservedImage, Resources } from "@ghost/schemas";
import { unlessAborted } from "../../abort.ts";
import { statement } from "../../sqlite.ts";
import type { CallOptions, Domain, DomainChange, DomainUsage, GuestSetup, HostFacts, Hypervisor, ImageSource } from "../driver.ts";
import { Clockwork, faultToError, takeFault } from "./conduct.ts";
import type { HypervisorCall } from "./conduct.ts";
import { SimulatedConsoles } from "./console.ts";
import { openHostDatabase } from "./database.ts";
import { createHostHandle } from "./host.ts";
import type { SimulatedHost } from "./host.ts";
import { resolveImage, SIMULATED_IMAGES } from "./images.ts";
import { changeParts, leaseAddress } from "./machine.ts";
import { deleteDisk, insertDisk, isForeignDisk } from "./rows.ts";
import type { DomainRow, StoredConfig } from "./rows.ts";
import { createSnapshot, deleteSnapshot, readSnapshots, revertSnapshot } from "./snapshots.ts";
import { HostState, missingDomain } from "./state.ts";

const POLL_MS = 200;
/** A fetch tells how far it is this many times. */
const FETCH_STEPS = 20;

export interface SimulatedHypervisor extends Hypervisor {
  readonly kind: "simulated";
  /** What a person does to the host without asking the agent. */
  readonly host: SimulatedHost;
}

export interface SimulatedOptions {
  /** Folder of `host.db`; without it the host lives in memory. */
  readonly dir?: string;
  /** What the host has, where that is set; it stays so until it is set otherwise. */
  readonly total?: Partial<Resources>;
}

/** Opens the simulated host of a folder, or a new one in memory. AGENT_DATABASE when the file cannot be used. */
export function openSimulatedHypervisor(options: SimulatedOptions = {}): SimulatedHypervisor {
  const database = openHostDatabase(options.dir);
  const state = new HostState(database);
  const time = new Clockwork();
  const host = createHostHandle(state);
  const consoles = new SimulatedConsoles(state);
  if (options.total !== undefined && Object.keys(options.total).length > 0) host.setResources(options.total);
  const fetches = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  /** What every call goes through: it takes its time, and goes wrong when it is told to. */
  async function call<T>(
    name: HypervisorCall,
    subjects: readonly string[],
    effect: () => T | Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    state.refresh();
    signal?.throwIfAborted();
    const ms = state.conduct.latencyMs.get(name) ?? 0;
    if (ms > 0) await time.pass(ms, signal);
    failIfTold(name, subjects, "before");
    const result = await effect();
    failIfTold(name, subjects, "after");
    return result;
  }

  function failIfTold(name: HypervisorCall, subjects: readonly string[], moment: "before" | "after"): void {
    if (state.conduct.faults.length === 0) return;
    state.refresh();
    const fault = takeFault(database, state.conduct, name, subjects, moment);
    if (fault === undefined) return;
    state.reloadAll();
    throw faultToError(fault, name, subjects.find((subject) => subject !== "") ?? "");
  }

  async function fetchImage(digest: string, sizeBytes: number, options: CallOptions): Promise<void> {
    const ms = state.conduct.latencyMs.get("ensureImage") ?? 0;
    options.onProgress?.({ phase: "image", bytesDone: 0, bytesTotal: sizeBytes });
    for (let step = 1; ms > 0 && step < FETCH_STEPS; step++) {
      await time.pass(ms / FETCH_STEPS, options.signal);
      options.onProgress?.({ phase: "image", bytesDone: Math.floor((sizeBytes * step) / FETCH_STEPS), bytesTotal: sizeBytes });
    }
    statement(database, "INSERT INTO cached_images (digest) VALUES (?) ON CONFLICT DO NOTHING").run(digest);
    state.reloadAll();
    options.onProgress?.({ phase: "image", bytesDone: sizeBytes, bytesTotal: sizeBytes });
  }

  function isCached(digest: string): boolean {
    return state.conduct.cachedImages.has(digest);
  }

  function ownDisks(owner: string): readonly string[] {
    return [...state.disksOf(owner).values()].filter((disk) => !isForeignDisk(disk)).map(({ id }) => id);
  }

  function dropDisk(owner: string, diskId: string): void {
    state.writeDisks(owner, () => deleteDisk(database, owner, diskId));
  }

  return {
    kind: "simulated",
    host,

    ping: () => call("ping", [], () => undefined),
    facts: () => call("facts", [], (): HostFacts => state.conduct.facts),
    networks: () => call("networks", [], () => undefined),
    images: () =>
      call("images", [], (): readonly ObservedImage[] =>
        [...SIMULATED_IMAGES].map(([name, image]) => ({
          name,
          digest: image.digest,
          cached: isCached(image.digest),
          sizeBytes: image.sizeBytes,
        })),
      ),
    list: () => call("list", [], () => observed(state, state.list())),
    find: (uid) => call("find", [uid], () => observedOne(state, state.find(uid))),
    findByName: (name) => call("findByName", [name], () => observedOne(state, state.findByName(name))),

    usage: (uid) =>
      call("usage", [], () => {
        const usage = new Map<string, DomainUsage>();
        const nowMs = Date.now();
        for (const domain of state.list())
          if (domain.status === "running" && (uid === undefined || uid === domain.uid)) usage.set(domain.uid, usageOf(domain, nowMs));
        return usage;
      }),

    async ensureImage(source, options = {}) {
      state.refresh();
      const names = [imageName(source)];
      failIfTold("ensureImage", names, "before");
      const pinned = "name" in source ? source.digest : undefined;
      if (pinned !== undefined && isCached(pinned)) return { digest: pinned };
      const image = resolveImage(source);
      if (pinned !== undefined && image.digest !== pinned)
        throw problem("IMAGE_MISSING", `The image ${pinned} is not on the host, and "${names[0]}" stands for ${image.digest} by now.`, {
          hint: "Pin to the image that the name stands for now, or give the old one with image_url and image_sha256.",
        });
      if (!isCached(image.digest)) {
        // Several VMs of one image wait for one fetch; who gives up leaves the others theirs.
        let fetch = fetches.get(image.digest);
        if (fetch === undefined) {
          fetch = fetchImage(
            image.digest,
            image.sizeBytes,
            options.onProgress === undefined ? {} : { onProgress: options.onProgress },
          ).finally(() => fetches.delete(image.digest));
          fetches.set(image.digest, fetch);
        }
        await unlessAborted(fetch, options.signal);
      }
      failIfTold("ensureImage", names, "after");
      return { digest: image.digest, sizeBytes: image.sizeBytes };
    },

    createDisk: (owner, name, disk, imageDigest, options = {}) =>
      call(
        "createDisk",
        [name, owner, disk.id, state.nameOf(owner)],
        () => {
          if (imageDigest !== undefined && !isCached(imageDigest))
            throw problem("IMAGE_MISSING", `The image ${imageDigest} is not on the host, so the disk "${name}" cannot be made from it.`, {
              hint: "Run the command again; the image is fetched first.",
            });
          state.writeDisks(owner, () =>
            insertDisk(database, { owner, id: disk.id, name, sizeGb: disk.sizeGb, imageDigest: imageDigest ?? "" }),
          );
        },
        options.signal,
      ),
    listDisks: (owner) => call("listDisks", [owner], () => ownDisks(owner)),
    deleteDisk: (owner, diskId) =>
      call("deleteDisk", [diskId, owner, state.nameOf(owner)], () => {
        const domain = state.find(owner);
        if (domain !== undefined && (holdsDisk(domain.live.disks, diskId) || holdsDisk(domain.stored.disks, diskId)))
          throw problem("HOST_ERROR", `The disk ${diskId} is attached to "${domain.live.name}" and cannot be deleted.`);
        if (ownDisks(owner).includes(diskId)) dropDisk(owner, diskId);
      }),
    growDisk: (uid, name, sizeGb) =>
      call("growDisk", [state.nameOf(uid), uid, name], () => {
        const disk = state.find(uid)?.stored.disks[name];
        if (disk === undefined) throw problem("HOST_ERROR", `"${state.nameOf(uid) || uid}" has no disk named "${name}".`);
        if (disk.sizeGb > sizeGb)
          throw problem("HOST_ERROR", `The disk "${name}" has ${disk.sizeGb} GiB and cannot shrink to ${sizeGb} GiB.`);
        state.writeDisks(uid, () =>
          statement(database, "UPDATE disks SET size_gb = ? WHERE owner = ? AND id = ?").run(sizeGb, uid, disk.id),
        );
      }),

    define: (uid, config, metadata, guest) =>
      call("define", [config.name, uid], () => {
        const disks = state.disksOf(uid);
        const absent = Object.entries(config.disks).find(([, disk]) => !disks.has(disk.id));
        if (absent !== undefined)
          throw problem("HOST_ERROR", `The disk "${absent[0]}" of "${config.name}" does not exist (${absent[1].id}).`);
        const stored: StoredConfig = {
          ...config,
          disks: Object.fromEntries(Object.entries(config.disks).map(([name, disk]) => [name, disk.id])),
        };
        state.write(uid, (row) => {
          if (row !== undefined && row.status !== "stopped")
            throw problem("HOST_ERROR", `"${config.name}" is ${row.status} and cannot be defined again.`);
          const before = row ?? {
            uid,
            status: "stopped" as const,
            statusReason: "defined, not started yet",
            ignoresAcpi: false,
            guestAgent: true,
          };
          return { ...before, stored, metadata, guest: withoutPassword(guest) };
        });
      }),
    change: (uid, parts: DomainChange, options) =>
      call(
        "change",
        [state.nameOf(uid), uid],
        () => state.change(uid, (row) => changeParts(row, parts, options.live, state.disksOf(uid))),
        options.signal,
      ),
    setGuest: (uid, guest) =>
      call("setGuest", [state.nameOf(uid), uid], () => state.change(uid, (row) => ({ ...row, guest: withoutPassword(guest) }))),

    start: (uid) =>
      call("start", [state.nameOf(uid), uid], () =>
        state.change(uid, (row) => {
          if (row.status === "running") return row;
          if (row.status === "paused") throw problem("HOST_ERROR", `"${row.stored.name}" is paused; it has to be resumed, not started.`);
          const address = leaseAddress(state, row);
          return {
            ...row,
            status: "running",
            statusReason: "booted",
            live: row.stored,
            startedAtMs: Date.now(),
            ...(address !== undefined && { address }),
          };
        }),
      ),
    async stop(uid, options) {
      state.refresh();
      const names = [state.nameOf(uid), uid];
      failIfTold("stop", names, "before");
      const domain = state.find(uid);
      if (domain === undefined) throw missingDomain(uid);
      if (domain.status === "stopped") return "graceful";
      const takesMs = isDeaf(state, uid) ? Infinity : (state.conduct.latencyMs.get("stop") ?? 0);
      await time.pass(Math.min(takesMs, options.timeoutMs), options.signal);
      const how = takesMs <= options.timeoutMs ? "graceful" : "forced";
      state.change(uid, (row) =>
        powerOff(row, how === "graceful" ? "shut down on request" : "powered off: the guest did not shut down in time"),
      );
      failIfTold("stop", names, "after");
      return how;
    },
    powerOff: (uid) => call("powerOff", [state.nameOf(uid), uid], () => state.change(uid, (row) => powerOff(row, "powered off"))),
    suspend: (uid) =>
      call("suspend", [state.nameOf(uid), uid], () =>
        state.change(uid, (row) => {
          if (row.status === "paused") return row;
          if (row.status !== "running")
            throw problem("HOST_ERROR", `"${row.stored.name}" is ${row.status}; only a running machine can be suspended.`);
          return { ...row, status: "paused", statusReason: "suspended" };
        }),
      ),
    snapshots: (uid) => call("snapshots", [state.nameOf(uid), uid], () => readSnapshots(database, uid)),
    createSnapshot: (uid, snapshot) =>
      call("createSnapshot", [state.nameOf(uid), uid, snapshot.name], () => createSnapshot(state, uid, snapshot)),
    revertSnapshot: (uid, name) => call("revertSnapshot", [state.nameOf(uid), uid, name], () => revertSnapshot(state, uid, name)),
    deleteSnapshot: (uid, name) => call("deleteSnapshot", [state.nameOf(uid), uid, name], () => deleteSnapshot(state, uid, name)),
    openConsole: (uid, { force = false } = {}) => call("openConsole", [state.nameOf(uid), uid], () => consoles.open(uid, force)),
    consoleLog: async function* (uid, logOptions = {}) {
      await call("consoleLog", [state.nameOf(uid), uid], () => undefined);
      yield* consoles.log(uid, logOptions);
    },
    pruneImages: (inUse, { dryRun = false } = {}) =>
      call("pruneImages", [], () => {
        const used = new Set([...inUse, ...state.diskImages()]);
        const digests = [...state.conduct.cachedImages].filter((digest) => !used.has(digest) && !fetches.has(digest));
        if (!dryRun) {
          for (const digest of digests) statement(database, "DELETE FROM cached_images WHERE digest = ?").run(digest);
          state.reloadAll();
        }
        const removed = digests.map((digest) => {
          const [name = "", image] = [...SIMULATED_IMAGES].find(([, known]) => known.digest === digest) ?? [];
          return { name, digest, cached: dryRun, sizeBytes: image?.sizeBytes ?? 0 };
        });
        return { removed, bytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
      }),
    resume: (uid) =>
      call("resume", [state.nameOf(uid), uid], () =>
        state.change(uid, (row) => {
          if (row.status === "running") return row;
          if (row.status !== "paused")
            throw problem("HOST_ERROR", `"${row.stored.name}" is ${row.status}; only a paused machine can be resumed.`);
          return { ...row, status: "running", statusReason: "resumed" };
        }),
      ),

    undefine: (uid, { disks }) =>
      call("undefine", [state.nameOf(uid), uid], () => {
        state.write(uid, (row) => {
          if (row !== undefined && row.status !== "stopped" && row.status !== "error")
            throw problem("HOST_ERROR", `"${row.stored.name}" is ${row.status} and cannot be removed before it is stopped.`);
          if (disks === "delete") for (const id of ownDisks(uid)) deleteDisk(database, uid, id);
          return undefined;
        });
      }),

    onChange(listener) {
      const stop = state.onChange(listener);
      timer ??= options.dir === undefined ? undefined : setInterval(() => state.refresh(), POLL_MS).unref();
      return () => {
        stop();
        if (state.hasListeners) return;
        clearInterval(timer);
        timer = undefined;
      };
    },

    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      time[Symbol.dispose]();
      consoles[Symbol.dispose]();
      database.close();
    },
  };
}

function powerOff(row: DomainRow, statusReason: string): DomainRow {
  if (row.status === "stopped") return row;
  const { live: _live, startedAtMs: _startedAtMs, ...rest } = row;
  return { ...rest, status: "stopped", statusReason };
}

function isDeaf(state: HostState, uid: string): boolean {
  const row = state.rowOf(uid);
  return row !== undefined && (row.ignoresAcpi || row.status === "paused");
}

/** Hides what a guest that has just started does not have yet: its address, the end of its boot. */
function observed(state: HostState, domains: readonly Domain[]): readonly Domain[] {
  const addressMs = state.conduct.latencyMs.get("address") ?? 0;
  const bootMs = state.conduct.latencyMs.get("boot") ?? 0;
  if (addressMs === 0 && bootMs === 0) return domains;
  const nowMs = Date.now();
  return domains.map((domain) => {
    if (domain.startedAt === undefined) return domain;
    const upMs = nowMs - domain.startedAt.getTime();
    if (upMs >= addressMs && upMs >= bootMs) return domain;
    return {
      ...domain,
      ipAddress: upMs < addressMs ? "" : domain.ipAddress,
      bootFinished: domain.bootFinished && upMs >= bootMs,
      guestAgent: domain.guestAgent && upMs >= bootMs,
    };
  });
}

function observedOne(state: HostState, domain: Domain | undefined): Domain | undefined {
  return domain === undefined ? undefined : observed(state, [domain])[0];
}

/** Numbers that look alive and differ between machines, and need no clock of their own. */
function usageOf(domain: Domain, nowMs: number): DomainUsage {
  const seed = Number.parseInt(domain.uid.replaceAll("-", "").slice(0, 6), 16) || 1;
  const uptimeSeconds = Math.max(0, Math.floor((nowMs - (domain.startedAt?.getTime() ?? nowMs)) / 1000));
  const ramPercent = 20 + (seed % 600) / 10;
  const ramBytes = gibToBytes(domain.live.ramGb);
  return {
    cpuPercent: ((seed + Math.floor(uptimeSeconds / 5) * 7) % 400) / 10,
    ramPercent,
    uptimeSeconds,
    cpuSeconds: uptimeSeconds / 4,
    ramBytes,
    ramUsedBytes: Math.round((ramBytes * ramPercent) / 100),
    disk: { readBytes: uptimeSeconds * seed, writtenBytes: uptimeSeconds * seed },
    network: { receivedBytes: uptimeSeconds * seed, sentBytes: uptimeSeconds * seed },
  };
}

function withoutPassword(guest: GuestSetup): string {
  const { password: _password, ...rest } = guest;
  return JSON.stringify(rest);
}

function holdsDisk(disks: Domain["live"]["disks"], id: string): boolean {
  return Object.values(disks).some((disk) => disk.id === id);
}

function imageName(source: ImageSource): string {
  return "name" in source ? source.name : "url" in source ? source.url : source.path;
}
