/*
 * Disks and cards of a running machine.
 *
 * (1) libvirt and the guest are told; gone is a device only when the running machine's XML does not have it any more.
 * (2) What was asked for cannot be taken back: a guest that lets go later than we wait has let go all the same.
 */
import { attachDevice, detachDevice, domainXml, isLibvirtError, updateDevice } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { DomainDisk, DomainNic } from "../../driver.ts";
import { freeTarget, nicType } from "../domain-xml/devices.ts";
import {
  attachDiskXml,
  attachNicXml,
  detachDiskXml,
  detachNicXml,
  reattachDiskXml,
  reattachNicXml,
  updateNicXml,
} from "../domain-xml/plug.ts";
import { readXml } from "../domain-xml/read-xml.ts";
import { childrenOf, findChild } from "../domain-xml/xml.ts";
import type { LibvirtParts, Reading } from "../parts.ts";
import type { Done } from "./undoable.ts";
import { until } from "./until.ts";
import type { WaitLimits } from "./until.ts";

/** A device of a running machine. */
interface Device {
  /** `the disk "data"` */
  readonly what: string;
  /** As the running machine has it. */
  readonly xml: string;
  /** To attach it again. */
  readonly again: string;
}

export interface PlugContext {
  readonly parts: Pick<LibvirtParts, "ask" | "work">;
  readonly reading: Reading;
  readonly limits: WaitLimits;
  readonly done: Done;
}

export async function unplugDisk(context: PlugContext, name: string): Promise<void> {
  const { liveXml } = context.reading;
  const xml = detachDiskXml(liveXml, name);
  const again = reattachDiskXml(liveXml, name);
  if (xml !== undefined && again !== undefined) await unplug(context, { what: `the disk "${name}"`, xml, again });
}

export async function unplugNic(context: PlugContext, name: string, before: DomainNic): Promise<void> {
  const { liveXml } = context.reading;
  const xml = detachNicXml(liveXml, name);
  const again = reattachNicXml(liveXml, name, before);
  if (xml !== undefined && again !== undefined) await unplug(context, { what: `the card "${name}"`, xml, again });
}

/** Into the place that is given. */
export async function plugDisk(context: PlugContext, name: string, disk: DomainDisk, path: string, target: string): Promise<void> {
  await plug(context, `the disk "${name}"`, attachDiskXml(context.reading.liveXml, name, disk, { path, target }));
}

export async function plugNic(context: PlugContext, name: string, nic: DomainNic): Promise<void> {
  await plug(context, `the card "${name}"`, attachNicXml(name, nic));
}

/** Whether a card can be plugged in elsewhere without being taken out. */
export function isMovable(before: DomainNic, after: DomainNic): boolean {
  return before.mac.toLowerCase() === after.mac.toLowerCase() && nicType(before) === nicType(after);
}

export async function moveNic({ parts, reading, done }: PlugContext, name: string, before: DomainNic, after: DomainNic): Promise<void> {
  const [there, back] = [after, before].map((nic) => updateNicXml(reading.liveXml, name, nic));
  if (there === undefined || back === undefined) return;
  await updateDevice(parts.work, reading.ref, there, { affect: "live" });
  done(`the card "${name}" is plugged in anew`, () => updateDevice(parts.work, reading.ref, back, { affect: "live" }));
}

/** Takes the card out and puts it in again as another one, with what else it is. */
export async function replugNic(context: PlugContext, name: string, before: DomainNic, after: DomainNic): Promise<void> {
  const xml = reattachNicXml(context.reading.liveXml, name, after);
  await unplugNic(context, name, before);
  if (xml !== undefined) await plug(context, `the card "${name}"`, xml);
}

/** The place that a disk gets: that of the one it replaces, or the first that neither the running machine nor the next start has. */
export function targetFor({ live, stored, liveXml, storedXml }: Reading, name: string, taken: Set<string>): string {
  const replaced = [live, stored].flatMap(({ disks }) => (Object.hasOwn(disks, name) ? (disks[name]?.target ?? []) : []));
  const others = [live, stored].flatMap(({ disks }) =>
    Object.entries(disks).flatMap(([other, { target }]) => (other === name ? [] : target)),
  );
  const kept = replaced.find((target) => target.startsWith("vd") && !others.includes(target));
  const target = kept ?? freeTarget(new Set([...taken, ...targetsIn(liveXml), ...targetsIn(storedXml)]));
  taken.add(target);
  return target;
}

async function plug({ parts, reading, limits, done }: PlugContext, what: string, xml: string): Promise<void> {
  try {
    await attachDevice(parts.work, reading.ref, xml, { affect: "live" });
  } catch (reason) {
    if (!isLibvirtError(reason) || !/No more available PCI slots/.test(reason.message)) throw reason;
    throw problem(
      "HOST_ERROR",
      `VM "${reading.domain.live.name}" has no free slot left for ${what} while it runs.`,
      { hint: "Stop the machine and apply again: a stopped one gets as many slots as it needs." },
      { cause: reason },
    );
  }
  // Undoing goes on where the caller has given up.
  done(`${what} is attached`, () => detach(parts, reading, { what, xml, again: xml }, { timeoutMs: limits.timeoutMs }));
}

async function unplug({ parts, reading, limits, done }: PlugContext, device: Device): Promise<void> {
  await detach(parts, reading, device, limits);
  done(`${device.what} is detached`, () => attachDevice(parts.work, reading.ref, device.again, { affect: "live" }));
}

/** HOST_ERROR when the guest does not let go. */
async function detach(parts: PlugContext["parts"], { ref, domain }: Reading, { what, xml }: Device, limits: WaitLimits): Promise<void> {
  const { ask, work } = parts;
  const key = keyOf(xml);
  const alias = findChild(readXml(xml), "alias")?.attributes["name"];
  let isRefused = false;
  const stopListening = await ask.subscribe(["device-removal-failed"], (event) => {
    if (event.domain.uuid === ref.uuid && event.device === alias) isRefused = true;
  });
  try {
    try {
      await detachDevice(work, ref, xml, { affect: "live" });
    } catch (reason) {
      // It was asked before, and has not answered yet.
      if (!(reason instanceof Error) || !/already in the process of unplug/.test(reason.message)) throw reason;
    }
    const isGone = async (): Promise<boolean> => !devicesIn(await domainXml(ask, ref)).has(key);
    const isSettled = await until(
      parts,
      ref.uuid,
      ["device-removed", "device-removal-failed"],
      limits,
      async () => isRefused || (await isGone()),
    );
    if (isSettled && (!isRefused || (await isGone()))) return;
  } finally {
    await stopListening();
  }
  const when = isRefused ? "" : ` within ${limits.timeoutMs / 1000} s`;
  throw problem("HOST_ERROR", `The guest of VM "${domain.live.name}" did not let go of ${what}${when}; it may still do so.`, {
    hint: "See that nothing in the guest uses it and that the guest has booted, or stop the machine first.",
  });
}

/** Disks are known by their place, cards by their address. */
function keyOf(xml: string): string {
  return keyOfElement(readXml(xml));
}

function keyOfElement(device: ReturnType<typeof readXml>): string {
  const by = device.name === "disk" ? findChild(device, "target")?.attributes["dev"] : findChild(device, "mac")?.attributes["address"];
  return `${device.name} ${(by ?? "").toLowerCase()}`;
}

function devicesIn(xml: string): ReadonlySet<string> {
  return new Set(childrenOf(findChild(readXml(xml), "devices")).map(keyOfElement));
}

function targetsIn(xml: string): readonly string[] {
  return childrenOf(findChild(readXml(xml), "devices"), "disk").map((disk) => findChild(disk, "target")?.attributes["dev"] ?? "");
}
