/*
 * Snapshots as libvirt keeps them: inside the qcow2 of each disk, with the machine's memory in the first of them when it
 * ran, and the definition of then beside.
 *
 * (1) All disks that the guest can write are in a snapshot, or it is not made: going back would mix two times. UEFI variables
 *     are in none: libvirt refuses a running UEFI machine, and leaves them as they are when a stopped one goes back. Which of
 *     these a libvirt does depends on its version, and it is asked each time.
 * (2) A machine goes back only with the disks that it had. libvirt itself would put a disk that was replaced since into its
 *     place again, and leave one out that came since.
 * (3) The memory of a machine is not kept after processors were plugged into it: libvirt loads it into one that has those it
 *     started with, which QEMU refuses when the machine that ran has ended already.
 * (4) What libvirt knows and what is inside the disks has one name and one meaning: a name that a disk has inside and
 *     libvirt does not know is not used, since going back would find that older content.
 */
import {
  createSnapshot,
  currentSnapshot,
  deleteSnapshot,
  hasManagedSave,
  isLibvirtError,
  libvirtVersion,
  listSnapshots,
  revertSnapshot,
  snapshotXml,
} from "@ghost/libvirt";
import type { DomainRef } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import type { DomainSnapshot, Hypervisor } from "../driver.ts";
import type { DomainDiskFacts } from "./domain-xml/from-domain-xml.ts";
import { fromSnapshotXml, toSnapshotXml } from "./domain-xml/snapshot-xml.ts";
import type { SnapshotXmlFacts } from "./domain-xml/snapshot-xml.ts";
import { requireNetworks } from "./effects/networks.ts";
import { qcow2Snapshots } from "./images/qcow2-snapshots.ts";
import { outOfRoom } from "./full-disk.ts";
import { told } from "./link.ts";
import type { LibvirtParts, Reading } from "./parts.ts";

type SnapshotCalls = Pick<Hypervisor, "snapshots" | "createSnapshot" | "revertSnapshot" | "deleteSnapshot">;

export function snapshotCalls(parts: LibvirtParts): SnapshotCalls {
  const { ask, work, readings } = parts;

  /** Reads the machine, and says of whom libvirt speaks. */
  async function about<T>(uid: string, act: (reading: Reading, name: string) => Promise<T>): Promise<T> {
    const reading = await readings.require(uid);
    const { name } = reading.domain.stored;
    return await told(`VM "${name}"`, async () => await act(reading, name));
  }

  async function find(ref: DomainRef, name: string): Promise<SnapshotXmlFacts | undefined> {
    try {
      return fromSnapshotXml(await snapshotXml(ask, ref, name));
    } catch (reason) {
      // Deleted meanwhile.
      if (isLibvirtError(reason, "VIR_ERR_NO_DOMAIN_SNAPSHOT")) return undefined;
      throw reason;
    }
  }

  return {
    snapshots: async (uid) =>
      await about(uid, async ({ ref }) => {
        const current = await currentSnapshot(ask, ref);
        const found: DomainSnapshot[] = [];
        // One at a time: libvirt reads no more than five calls at once, and others ask too.
        for (const each of await listSnapshots(ask, ref)) {
          const facts = await find(ref, each);
          if (facts === undefined) continue;
          const { domains: _domains, isInternal: _isInternal, ...snapshot } = facts;
          found.push({ ...snapshot, isCurrent: snapshot.name === current });
        }
        return found;
      }),

    createSnapshot: async (uid, wanted) =>
      await about(uid, async (reading, name) => {
        if ((await listSnapshots(ask, reading.ref)).includes(wanted.name))
          throw problem("SNAPSHOT_EXISTS", `VM "${name}" has a snapshot named "${wanted.name}" already.`);
        const disks = Object.entries((reading.isActive ? reading.live : reading.stored).disks);
        if (disks.length === 0) throw problem("UNSUPPORTED", `VM "${name}" has no disks that a snapshot could keep.`);
        for (const [disk, facts] of disks) {
          refuseDisk(name, disk, facts);
          await refuseLeftOver(name, disk, facts, wanted.name);
        }
        if (reading.isActive && reading.live.hasPluggedVcpus) throw pluggedVcpus(name);
        const xml = toSnapshotXml(
          wanted,
          reading.isActive ? reading.liveXml : reading.storedXml,
          new Set(disks.map(([, { target }]) => target)),
        );
        try {
          await createSnapshot(work, reading.ref, xml);
        } catch (reason) {
          if (isUnsupported(reason)) throw await unsupported(parts, reading, name, reason);
          // QEMU says no more than "Input/output error".
          throw (await outOfRoom(reading.live, `The snapshot "${wanted.name}" of VM "${name}" was not made`, reason)) ?? reason;
        }
      }),

    revertSnapshot: async (uid, wanted) =>
      await about(uid, async (reading, name) => {
        const snapshot = await find(reading.ref, wanted);
        if (snapshot === undefined) throw problem("SNAPSHOT_NOT_FOUND", `VM "${name}" has no snapshot named "${wanted}".`);
        if (!snapshot.isInternal)
          throw problem(
            "UNSUPPORTED",
            `The snapshot "${wanted}" of VM "${name}" is kept in files beside its disks, and the agent goes back only to what is kept inside them.`,
            {
              hint: `Who made it can go back to it: virsh snapshot-revert ${name} ${wanted}`,
            },
          );
        refuseOtherDisks(name, wanted, reading, snapshot);
        if (snapshot.status !== "stopped" && snapshot.domains[0]?.hasPluggedVcpus === true) throw unloadable(name, wanted);
        for (const [disk, facts] of Object.entries({ ...reading.stored.disks, ...reading.live.disks }))
          await refuseWithout(name, disk, facts, wanted);
        if (await hasManagedSave(ask, reading.ref))
          throw problem("HOST_ERROR", `VM "${name}" was saved while it ran, and its memory would not fit to the disks of "${wanted}".`, {
            hint: `Start the VM first, or throw the saved memory away: virsh managedsave-remove ${name}`,
          });
        // Here and above: libvirt ends the machine that runs before it finds out that the other cannot start.
        if (snapshot.status !== "stopped") await requireNetworks(parts, name, snapshot.domains[0]?.config.nics ?? {});
        try {
          // A machine whose definition has changed since is started anew, and libvirts before 9 do that only by force.
          await revertSnapshot(work, reading.ref, wanted, { force: true });
        } catch (reason) {
          throw isUnsupported(reason) ? await unsupported(parts, reading, name, reason) : reason;
        }
      }),

    deleteSnapshot: async (uid, wanted) =>
      await about(uid, async ({ ref }) => {
        try {
          await deleteSnapshot(work, ref, wanted);
        } catch (reason) {
          if (!isLibvirtError(reason, "VIR_ERR_NO_DOMAIN_SNAPSHOT")) throw reason;
        }
      }),
  };
}

function refuseDisk(vm: string, name: string, { format, source }: DomainDiskFacts): void {
  if (format === "qcow2" && source !== "") return;
  const is = source === "" ? "is on a network" : `is ${format === "" ? "of no format that its definition names" : format}`;
  throw problem("UNSUPPORTED", `VM "${vm}" cannot have snapshots: its disk "${name}" ${is}, and snapshots are kept inside qcow2 disks.`, {
    hint: "Disks that Ghost makes are qcow2; of another one its storage can make a copy while the VM is stopped.",
  });
}

async function refuseLeftOver(vm: string, disk: string, facts: DomainDiskFacts, name: string): Promise<void> {
  if ((await isInside(vm, disk, facts, name)) !== true) return;
  throw problem(
    "HOST_ERROR",
    `The disk "${disk}" of VM "${vm}" has a snapshot "${name}" inside that libvirt does not know of; two of one name would be confused.`,
    {
      hint: `Choose another name, or delete that one while the VM is stopped: qemu-img snapshot -d ${name} ${facts.source}`,
    },
  );
}

async function refuseWithout(vm: string, disk: string, facts: DomainDiskFacts, name: string): Promise<void> {
  if ((await isInside(vm, disk, facts, name)) !== false) return;
  throw problem(
    "UNSUPPORTED",
    `The snapshot "${name}" of VM "${vm}" has nothing of the disk "${disk}" (${facts.source}), which would stay as it is now.`,
    {
      hint: `There is no way back to it; delete it: ghost vm snapshot delete ${vm} ${name}`,
    },
  );
}

/** Undefined for what is no file. */
async function isInside(vm: string, disk: string, { source }: DomainDiskFacts, name: string): Promise<boolean | undefined> {
  if (!source.startsWith("/") || source.startsWith("/dev/")) return undefined;
  try {
    return (await qcow2Snapshots(source)).includes(name);
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    throw problem("HOST_ERROR", `The disk "${disk}" of VM "${vm}" (${source}) cannot be read: ${why}.`, {}, { cause: reason });
  }
}

function refuseOtherDisks(vm: string, name: string, { live, stored }: Reading, { domains }: SnapshotXmlFacts): void {
  const now = byId(live.disks, stored.disks);
  const then = byId(...domains.map((domain) => domain.disks));
  const gone = [...then].filter(([id]) => !now.has(id)).map(([, disk]) => `"${disk}" of then is gone`);
  const come = [...now].filter(([id]) => !then.has(id)).map(([, disk]) => `"${disk}" came since`);
  if (gone.length + come.length === 0 && then.size > 0) return;
  throw problem(
    "UNSUPPORTED",
    `VM "${vm}" has other disks than when the snapshot "${name}" was made: ${[...gone, ...come].join(", ") || "none is known of then"}.`,
    {
      hint:
        gone.length > 0 || then.size === 0
          ? `There is no way back to it; delete it: ghost vm snapshot delete ${vm} ${name}`
          : "Going back would leave them out, with all that is on them. Copy what you need, remove them from the VM, then go back.",
    },
  );
}

function pluggedVcpus(vm: string): GhostError {
  return problem(
    "UNSUPPORTED",
    `VM "${vm}" cannot have a snapshot now: it was given processors while it runs, and its memory could not be loaded again.`,
    { hint: `Restart it first (ghost vm restart ${vm}): then it has them from its start. Or try again while it is stopped.` },
  );
}

function unloadable(vm: string, name: string): GhostError {
  return problem(
    "UNSUPPORTED",
    `The snapshot "${name}" of VM "${vm}" was made after processors were added while it ran, and QEMU cannot load its memory.`,
    { hint: `There is no way back to it; delete it: ghost vm snapshot delete ${vm} ${name}` },
  );
}

/** Name of each disk by its id. */
function byId(...disks: readonly Readonly<Record<string, DomainDiskFacts>>[]): ReadonlyMap<string, string> {
  return new Map(disks.flatMap((each) => Object.entries(each).map(([name, { id }]) => [id, name] as const)));
}

function isUnsupported(reason: unknown): reason is Error {
  return isLibvirtError(reason, "VIR_ERR_OPERATION_UNSUPPORTED", "VIR_ERR_CONFIG_UNSUPPORTED", "VIR_ERR_NO_SUPPORT");
}

async function unsupported({ ask }: LibvirtParts, { live, stored, isActive }: Reading, name: string, reason: Error): Promise<GhostError> {
  const isUefi = live.config.firmware === "uefi" || stored.config.firmware === "uefi";
  const which = `a ${isActive ? "running" : "stopped"} VM${isUefi ? " with UEFI firmware" : ""}`;
  const other = isUefi
    ? "a VM that is made with `firmware: bios`, as is the default, can have them at any time"
    : "its disks can be copied while it is stopped";
  return problem(
    "UNSUPPORTED",
    `VM "${name}" cannot have a snapshot now: libvirt ${await libvirtVersion(ask)} does not keep those of ${which} (${reason.message}).`,
    {
      hint: isActive
        ? `Try again while it is stopped (ghost vm stop ${name}); ${other}.`
        : `${other.charAt(0).toUpperCase()}${other.slice(1)}.`,
    },
    { cause: reason },
  );
}
