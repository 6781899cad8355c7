import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import type { Domain, DomainConfig, GuestSetup, Hypervisor } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { effectCalls } from "../../../agent/src/hypervisor/libvirt/effects.ts";
import { ImageStore } from "../../../agent/src/hypervisor/libvirt/images/store.ts";
import type { Folders, LibvirtParts } from "../../../agent/src/hypervisor/libvirt/parts.ts";
import { LibvirtReadings } from "../../../agent/src/hypervisor/libvirt/readings.ts";
import { connect, keepConnected } from "../../../libvirt/src/index.ts";
import { GhostError } from "../../../schemas/src/index.ts";
import { startLibvirtd } from "./libvirtd.ts";
import type { PrivateLibvirtd } from "./libvirtd.ts";

/** The driver's calls that change the host, with what they are put together from. */
export interface Workbench extends AsyncDisposable {
  readonly daemon: PrivateLibvirtd;
  /** What virsh prints of its machines. */
  virsh(...args: readonly string[]): Promise<string>;
  readonly parts: LibvirtParts;
  readonly folders: Folders;
  readonly calls: ReturnType<typeof effectCalls>;
  /** Digest of the image that is given, or of one of 1 MiB without a system. */
  readonly image: string;
  require(uid: string): Promise<Domain>;
}

/** What a workbench needs. */
export const WORKBENCH_PROGRAMS = ["libvirtd", "virsh", "qemu-system-x86_64", "qemu-img"] as const;
const URI = "qemu:///system";

export const GUEST: GuestSetup = { hostname: "web", sshKeys: [], packages: [] };
/** Of the network that `network: default` means here. */
export const NETWORK = "lab";

/** A workbench on a libvirtd of its own; both end together. */
export async function startWorkbench(options: { readonly image?: string } = {}): Promise<Workbench> {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await startLibvirtd({ ownNetwork: true }));
  const bench = stack.use(await openWorkbench(daemon, options));
  const both = stack.move();
  return { ...bench, [Symbol.asyncDispose]: () => both.disposeAsync() };
}

export async function openWorkbench(
  daemon: PrivateLibvirtd,
  { image, socketPath = daemon.socketPath }: { readonly image?: string; readonly socketPath?: string } = {},
): Promise<Workbench> {
  const dir = path.join(daemon.folder, "ghost");
  await mkdir(dir, { recursive: true });
  const place = { uri: URI, socketPath };
  const ask = keepConnected(place);
  const work = keepConnected(place);
  const images = new ImageStore({ dir: path.join(dir, "images"), vendorImages: new Map() });
  const folders = { disks: path.join(dir, "disks"), seeds: path.join(dir, "seeds"), consoles: path.join(dir, "consoles") };
  const readings = new LibvirtReadings({ ask, autoType: "qemu", defaultNetwork: NETWORK, guests: async () => new Map() });
  const parts: LibvirtParts = {
    ask,
    work,
    connect: async () => await connect(place),
    folders,
    images,
    accel: { kvmOpens: false, cpuInfo: "" },
    defaultNetwork: NETWORK,
    readings,
  };
  const calls = effectCalls(parts, { detachMs: 3_000, memoryMs: 3_000 });
  const empty = path.join(dir, "empty.img");
  if (image === undefined) await writeFile(empty, bootSector());
  const { digest } = await calls.ensureImage({ path: image ?? empty });
  return {
    daemon,
    virsh: async (...args) => await daemon.virsh(URI, ...args),
    parts,
    folders,
    calls,
    image: digest,
    require: async (uid) => (await readings.require(uid)).domain,
    async [Symbol.asyncDispose]() {
      await ask[Symbol.asyncDispose]();
      await work[Symbol.asyncDispose]();
    },
  };
}

/** A small machine without a system, with whatever of it is given otherwise. */
export function tinyConfig(uid: string, changes: Partial<DomainConfig> = {}): DomainConfig {
  return {
    name: "web",
    vcpu: 1,
    vcpuMax: 2,
    ramGb: 0.0625,
    ramMaxGb: 0.125,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    autostart: false,
    disks: { root: { id: diskIdOf(uid, "root"), sizeGb: 1 } },
    nics: { default: { mac: macOf(uid, "default"), network: "user" } },
    ...changes,
  };
}

/** Makes the disks and the machine over them; nothing of it is left after the test. */
export async function make(
  t: TestContext,
  { calls, image }: Workbench,
  changes: Partial<DomainConfig> = {},
  uid: string = randomUUID(),
): Promise<{ readonly uid: string; readonly config: DomainConfig }> {
  const config = tinyConfig(uid, changes);
  t.after(() => remove(calls, uid));
  for (const [name, disk] of Object.entries(config.disks)) await calls.createDisk(uid, name, disk, name === "root" ? image : undefined);
  await calls.define(uid, config, "note", GUEST);
  return { uid, config };
}

async function remove(calls: Pick<Hypervisor, "powerOff" | "undefine">, uid: string): Promise<void> {
  await calls.powerOff(uid).catch(() => undefined);
  await calls.undefine(uid, { disks: "delete" });
}

/** A raw disk of 1 MiB with a boot sector and nothing else. */
function bootSector(): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

export async function rejects(promise: Promise<unknown>, code: string, detail?: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.equal(error.diagnostics[0].code, code, error.message);
    if (detail !== undefined) assert.match(error.diagnostics[0].detail, detail);
    return true;
  });
}
