import { rm } from "node:fs/promises";
import { isLibvirtError, undefineDomain } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../../driver.ts";
import { readXml } from "../domain-xml/read-xml.ts";
import { findChild } from "../domain-xml/xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";
import { diskIds, refuseOpen, removeFolder } from "./disks.ts";
import { releaseLeases } from "./leases.ts";
import { removeDomainFiles } from "./leftovers.ts";
import { onHost } from "./networks.ts";
import { diskFolder, diskPath, nvramPath } from "./places.ts";

/**
 * Files of somebody else, under an adopted domain, stay. Disks go last: as long as one is left after a crash, the agent
 * knows that there is something to remove, and the last that it deletes takes the rest with it.
 */
export function undefineCall(parts: LibvirtParts): Hypervisor["undefine"] {
  const { folders, readings, work } = parts;
  return async (uid, { disks }) => {
    const reading = await readings.read(uid);
    if (reading?.isActive === true)
      throw problem(
        "HOST_ERROR",
        `VM "${reading.domain.live.name}" is ${reading.domain.status} and cannot be removed before it is stopped.`,
      );
    await told(reading === undefined ? `VM ${uid}` : `VM "${reading.domain.stored.name}"`, async () => {
      const folder = diskFolder(folders, uid);
      const files = disks === "keep" ? [] : (await diskIds(folder)).map((id) => diskPath(folders, uid, id) ?? "");
      for (const file of files) await refuseOpen(file);
      if (reading !== undefined) {
        // Before the definition, which says whose they are: a removal that was cut off does it again.
        if (disks === "delete") await releaseLeases(parts, uid, Object.values(onHost(parts, reading.stored.config.nics)));
        const nvram = disks === "delete" && reading.stored.nvram === nvramPath(folders, uid) ? "delete" : "keep";
        // Somebody's: we make none.
        const hasTpm = findChild(readXml(reading.storedXml), "devices", "tpm") !== undefined;
        const also = { managedSave: true, snapshotsMetadata: true, checkpointsMetadata: true, nvram } as const;
        try {
          await undefineDomain(work, reading.ref, { ...also, ...(hasTpm && { tpm: "keep" }) });
        } catch (reason) {
          if (hasTpm && isLibvirtError(reason, "VIR_ERR_INVALID_ARG")) throw tooOldForTpm(reading.domain.stored.name, reason);
          if (!isLibvirtError(reason, "VIR_ERR_NO_DOMAIN")) throw reason;
        }
        // libvirt takes the definition from a machine that runs too.
        if ((await readings.read(uid)) !== undefined)
          throw problem(
            "HOST_ERROR",
            `VM "${reading.domain.stored.name}" was started while it was being removed. It has no definition now.`,
            {
              hint: "Remove it again: it is powered off, and its disks are deleted.",
            },
          );
      }
      await removeDomainFiles(folders, uid);
      if (disks === "keep") return;
      for (const id of await diskIds(folder)) await rm(diskPath(folders, uid, id) ?? "", { force: true });
      await removeFolder(folder);
    });
  };
}

function tooOldForTpm(vm: string, cause: unknown): Error {
  return problem(
    "HOST_ERROR",
    `VM "${vm}" has a TPM, and the host's libvirt, older than 8.9, would delete what the TPM holds with the definition.`,
    { hint: `Take the TPM out of the definition first, which leaves its files: virsh edit ${vm}` },
    { cause },
  );
}
