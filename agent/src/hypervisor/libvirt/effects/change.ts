/*
 * Changes of a domain.
 *
 * (1) Everything that can be known to fail is checked before the first effect.
 * (2) The stored definition is changed first, at once and in place; then the running machine, what can fail in the guest
 *     before what cannot. When a step fails, those before it are undone.
 * (3) Processors come last: they cannot be taken back.
 * (4) A guest that does not hand back memory undoes nothing: it is told of, and may do so later.
 */
import { defineDomain, domainXml, renameDomain, setAutostart, setMemory, setMetadata, setVcpus } from "@ghost/libvirt";
import { gibToKib, problem } from "@ghost/schemas";
import type { KeyedLock } from "../../../keyed-lock.ts";
import type { DomainChange, DomainConfig, DomainDisk, DomainNic, Hypervisor } from "../../driver.ts";
import { isAbout } from "../balloons.ts";
import { domainTypeOf } from "../domain-xml/accel.ts";
import type { DiskPlace } from "../domain-xml/devices.ts";
import { editDomainXml } from "../domain-xml/edit-domain-xml.ts";
import type { DomainEdit } from "../domain-xml/edit-domain-xml.ts";
import { ramGbIn } from "../domain-xml/from-domain-xml.ts";
import { bareMetadataElement, METADATA_NAMESPACE, METADATA_PREFIX } from "../domain-xml/metadata-element.ts";
import { writeXml } from "../domain-xml/xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts, Reading } from "../parts.ts";
import { requireAcceleration } from "./acceleration.ts";
import { requireChangeable } from "./changeable.ts";
import { deviceChanges, goneNics } from "./device-changes.ts";
import type { DeviceChanges } from "./device-changes.ts";
import { requireDisk } from "./disks.ts";
import { requireFirmware } from "./firmware.ts";
import { releaseLeases } from "./leases.ts";
import { onHost, requireNetworks } from "./networks.ts";
import { diskFolder, makeFolder, nvramPath } from "./places.ts";
import { isMovable, moveNic, plugDisk, plugNic, replugNic, targetFor, unplugDisk, unplugNic } from "./plug.ts";
import type { PlugContext } from "./plug.ts";
import { refuseSaved } from "./saved.ts";
import { keysOf, requireFreeMacs, requireFreeName } from "./taken.ts";
import { undoable } from "./undoable.ts";
import type { Done } from "./undoable.ts";
import { until } from "./until.ts";
import type { WaitLimits } from "./until.ts";

/** How long a guest is waited for. */
export interface GuestPatience {
  /** Until it lets go of a device. */
  readonly detachMs: number;
  /** Until it hands back memory, or takes what it is given. */
  readonly memoryMs: number;
}

export const GUEST_PATIENCE: GuestPatience = { detachMs: 30_000, memoryMs: 20_000 };

type PlacedDisks = Readonly<Record<string, DomainDisk & Required<Pick<DiskPlace, "path" | "target">>>>;

/** What is to be done, all of it looked at before the first of it is. */
interface Work {
  readonly reading: Reading;
  /** The name to give, when it is another one. */
  readonly name?: string;
  readonly autostart?: boolean;
  readonly metadata?: string;
  /** Undefined when the stored definition is as asked. */
  readonly edit?: DomainEdit;
  /** Cards (onHost) that neither the running machine nor its definition has when all is done. */
  readonly goneNics: readonly DomainNic[];
  /** Undefined when the running machine stays as it is, or there is none. */
  readonly live?: DeviceChanges & { readonly disks: PlacedDisks; readonly vcpu?: number; readonly ramGb?: number };
}

/** `taken` is held for a name and cards that the machine is given. */
export function changeCall(parts: LibvirtParts, taken: KeyedLock, patience: GuestPatience): Hypervisor["change"] {
  return async (uid, change, options) => {
    options.signal?.throwIfAborted();
    const keys = keysOf(change.name, { ...change.addNics, ...change.updateNics });
    await taken.hold(keys, () => carryOut(parts, patience, uid, change, options));
  };
}

async function carryOut(
  parts: LibvirtParts,
  patience: GuestPatience,
  ...[uid, change, { live, signal }]: Parameters<Hypervisor["change"]>
): Promise<void> {
  const work = await prepare(parts, uid, change, live);
  const { reading } = work;
  const subject = `VM "${reading.domain.stored.name}"`;
  await told(subject, async () => {
    await undoable(subject, async (done) => {
      await store(parts, work, done);
      const limits = { timeoutMs: patience.detachMs, ...(signal && { signal }) };
      if (work.live !== undefined) await changeDevices(parts, work.live, { parts, reading, limits, done });
      if (work.metadata !== undefined && reading.isActive) await note(parts, reading, work.metadata, done);
      if (work.live !== undefined) await resize(parts, reading, work.live, done);
    });
    await releaseLeases(parts, uid, work.goneNics);
    if (work.live?.ramGb !== undefined)
      await awaitMemory(parts, reading, work.live.ramGb, { timeoutMs: patience.memoryMs, ...(signal && { signal }) });
  });
}

async function prepare(parts: LibvirtParts, uid: string, change: DomainChange, live: boolean): Promise<Work> {
  const { readings, accel } = parts;
  const reading = await readings.require(uid);
  const isHot = live && reading.isActive;
  requireChangeable(reading, change, isHot);
  const stored = reading.stored.config;
  const asked: DomainChange = {
    ...change,
    ...(change.addNics && { addNics: onHost(parts, change.addNics) }),
    ...(change.updateNics && { updateNics: onHost(parts, change.updateNics) }),
  };
  const { config: running } = reading.live;
  const [storedNics, runningNics] = [onHost(parts, stored.nics), onHost(parts, running.nics)];
  const devices = deviceChanges({ ...stored, nics: storedNics }, asked);
  const liveDevices = isHot ? deviceChanges({ ...running, nics: runningNics }, asked) : undefined;

  const name = change.name === undefined || change.name === stored.name ? undefined : change.name;
  const nics = { ...devices.addNics, ...devices.updateNics, ...liveDevices?.addNics, ...liveDevices?.updateNics };
  if (name !== undefined || Object.keys(nics).length > 0) {
    if (name !== undefined) await requireFreeName(parts, uid, name);
    await requireFreeMacs(parts, uid, stored.name, nics);
    await requireNetworks(parts, stored.name, nics);
  }
  const disks = await place(parts, reading, { ...devices.addDisks, ...liveDevices?.addDisks });
  const next = { ...stored, ...plainParts(change) };
  if (next.accel !== stored.accel) requireAcceleration(parts, next);
  if (next.firmware !== stored.firmware || next.machine !== stored.machine)
    await requireFirmware(parts, next, domainTypeOf(next.accel, accel));

  const edit = toEdit(parts, reading, change, devices, disks);
  if (Object.keys(edit).some((part) => part !== "metadata")) await told(`VM "${stored.name}"`, () => refuseSaved(parts, reading));
  return {
    reading,
    ...(name !== undefined && { name }),
    ...(change.autostart !== undefined && change.autostart !== stored.autostart && { autostart: change.autostart }),
    ...(change.metadata !== undefined && { metadata: change.metadata }),
    ...(Object.keys(edit).length > 0 && { edit }),
    goneNics: goneNics({ nics: storedNics, changes: devices }, ...(reading.isActive ? [{ nics: runningNics, changes: liveDevices }] : [])),
    ...(liveDevices && {
      live: {
        ...liveDevices,
        disks,
        ...(change.vcpu !== undefined && change.vcpu !== running.vcpu && { vcpu: change.vcpu }),
        ...(change.ramGb !== undefined && change.ramGb !== running.ramGb && { ramGb: change.ramGb }),
      },
    }),
  };
}

function plainParts({ vcpu, vcpuMax, ramGb, ramMaxGb, firmware, machine, accel }: DomainChange): Partial<DomainConfig> {
  const parts = { vcpu, vcpuMax, ramGb, ramMaxGb, firmware, machine, accel };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

/** Where disks that were made lie, and the places that they get; running and stored the same. */
async function place(parts: LibvirtParts, reading: Reading, disks: Readonly<Record<string, DomainDisk>>): Promise<PlacedDisks> {
  const taken = new Set<string>();
  const placed: Record<string, PlacedDisks[string]> = {};
  for (const [name, disk] of Object.entries(disks)) {
    const path = await requireDisk(parts, reading.domain.uid, reading.domain.stored.name, name, disk.id);
    placed[name] = { ...disk, path, target: targetFor(reading, name, taken) };
  }
  return placed;
}

/** The parts in which the stored definition is not as asked. */
function toEdit(
  { accel, folders }: LibvirtParts,
  reading: Reading,
  change: DomainChange,
  devices: DeviceChanges,
  placed: PlacedDisks,
): DomainEdit {
  const stored = reading.stored.config;
  const next = { ...stored, ...plainParts(change) };
  const differs = (...parts: readonly (keyof DomainConfig)[]): boolean => parts.some((part) => next[part] !== stored[part]);
  const { removeDisks, removeNics, addNics, updateNics } = devices;
  const nvram = reading.stored.nvram ?? nvramPath(folders, reading.domain.uid);
  const addDisks = Object.fromEntries(Object.entries(placed).filter(([name]) => Object.hasOwn(devices.addDisks, name)));
  return {
    ...(differs("vcpu", "vcpuMax") && { vcpus: { vcpu: next.vcpu, vcpuMax: next.vcpuMax } }),
    ...(differs("ramGb", "ramMaxGb") && { ram: { ramGb: next.ramGb, ramMaxGb: next.ramMaxGb } }),
    ...(differs("firmware", "machine") && { os: { firmware: next.firmware, machine: next.machine, nvram } }),
    ...(differs("accel") && { accel: next.accel, type: domainTypeOf(next.accel, accel) }),
    ...(change.metadata !== undefined && change.metadata !== reading.stored.metadata && { metadata: change.metadata }),
    ...(removeDisks.length > 0 && { removeDisks }),
    ...(Object.keys(addDisks).length > 0 && { addDisks }),
    ...(removeNics.length > 0 && { removeNics }),
    ...(Object.keys(addNics).length > 0 && { addNics }),
    ...(Object.keys(updateNics).length > 0 && { updateNics }),
  };
}

async function store(parts: LibvirtParts, { reading, edit, autostart, name }: Work, done: Done): Promise<void> {
  const { ask, work, folders } = parts;
  const { ref } = reading;
  const { stored } = reading.domain;
  if (edit !== undefined) {
    // With its passwords: a definition that is written back without them has lost them.
    const before = await domainXml(ask, ref, { inactive: true, secure: true });
    if (edit.os?.firmware === "uefi") await makeFolder(diskFolder(folders, ref.uuid));
    await defineDomain(work, editDomainXml(before, edit));
    done("its stored definition has what was asked", async () => void (await defineDomain(work, before)));
    await requireTaken(parts, ref.uuid, edit);
  }
  if (autostart !== undefined) {
    await setAutostart(work, ref, autostart);
    done("whether it starts with the host is as asked", () => setAutostart(work, ref, stored.autostart));
  }
  if (name !== undefined) {
    await renameDomain(work, ref, name);
    done(`it is named "${name}"`, () => renameDomain(work, ref, stored.name));
  }
}

/** HOST_ERROR when libvirt has the new definition and not the numbers in it: somebody else's may say them in several places. */
async function requireTaken({ readings }: LibvirtParts, uid: string, { ram, vcpus }: DomainEdit): Promise<void> {
  if (ram === undefined && vcpus === undefined) return;
  const { config } = (await readings.require(uid)).stored;
  const isTaken =
    (ram === undefined || (isAbout(config.ramGb, ram.ramGb) && isAbout(config.ramMaxGb, ram.ramMaxGb))) &&
    (vcpus === undefined || (config.vcpu === vcpus.vcpu && config.vcpuMax === vcpus.vcpuMax));
  if (isTaken) return;
  throw problem(
    "HOST_ERROR",
    `libvirt does not change the ${ram === undefined ? "processors" : vcpus === undefined ? "memory" : "processors and memory"} of VM "${config.name}": its definition says in another place too how many it has.`,
    { hint: `Change them by hand, with NUMA cells, memory modules or whatever else there is: virsh edit ${config.name}` },
  );
}

async function changeDevices(parts: LibvirtParts, work: NonNullable<Work["live"]>, context: PlugContext): Promise<void> {
  const { reading, limits } = context;
  const before = onHost(parts, reading.live.config.nics);
  for (const name of work.removeDisks) {
    limits.signal?.throwIfAborted();
    await unplugDisk(context, name);
  }
  for (const name of work.removeNics) {
    limits.signal?.throwIfAborted();
    if (before[name] !== undefined) await unplugNic(context, name, before[name]);
  }
  for (const [name, nic] of Object.entries(work.updateNics)) {
    limits.signal?.throwIfAborted();
    const now = before[name];
    if (now === undefined) continue;
    if (isMovable(now, nic)) await moveNic(context, name, now, nic);
    else await replugNic(context, name, now, nic);
  }
  for (const name of Object.keys(work.addDisks)) {
    const disk = work.disks[name];
    if (disk !== undefined) await plugDisk(context, name, disk, disk.path, disk.target);
  }
  for (const [name, nic] of Object.entries(work.addNics)) await plugNic(context, name, nic);
}

/** Writes what the agent keeps with the domain beside the running machine too. */
async function note({ work }: LibvirtParts, reading: Reading, text: string, done: Done): Promise<void> {
  const { metadata, config } = reading.live;
  if (metadata === text) return;
  const write = async (value: string): Promise<void> => {
    const place = { namespace: METADATA_NAMESPACE, prefix: METADATA_PREFIX };
    await setMetadata(
      work,
      reading.ref,
      { ...place, xml: writeXml(bareMetadataElement({ text: value, accel: config.accel })) },
      { affect: "live" },
    );
  };
  await write(text);
  done("what the agent notes with the running machine is new", () => write(metadata));
}

async function resize(
  { work }: LibvirtParts,
  { ref, live }: Reading,
  { ramGb, vcpu }: NonNullable<Work["live"]>,
  done: Done,
): Promise<void> {
  if (ramGb !== undefined) {
    await setMemory(work, ref, gibToKib(ramGb), { affect: "live" });
    done(`its guest is asked for ${ramGb} GiB of memory`, () => setMemory(work, ref, gibToKib(live.config.ramGb), { affect: "live" }));
  }
  if (vcpu !== undefined) await setVcpus(work, ref, vcpu, { affect: "live" });
}

/** By what the guest really holds: while memory is on its way to it or from it, a reading says what it was asked for. */
async function awaitMemory(parts: LibvirtParts, { ref, domain }: Reading, ramGb: number, limits: WaitLimits): Promise<void> {
  const heldGb = async (): Promise<number> => ramGbIn((await parts.readings.require(ref.uuid)).liveXml);
  if (await until(parts, ref.uuid, ["balloon-change", "lifecycle"], limits, async () => isAbout(await heldGb(), ramGb))) return;
  throw problem(
    "HOST_ERROR",
    `The guest of VM "${domain.live.name}" holds ${(await heldGb()).toFixed(2)} GiB of memory and was asked for ${ramGb} GiB ${limits.timeoutMs / 1000} s ago. What was asked stays stored, and the guest may still follow.`,
    {
      hint: "See that the guest has the driver of its balloon (virtio_balloon) and does not need the memory; the next start has what is stored.",
    },
  );
}
