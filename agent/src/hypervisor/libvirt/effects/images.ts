import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { domainXml, listDomains, isLibvirtError } from "@ghost/libvirt";
import type { Caller } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../../driver.ts";
import { diskEntries } from "../domain-xml/entries.ts";
import { readXml } from "../domain-xml/read-xml.ts";
import { findChild } from "../domain-xml/xml.ts";
import { backingPath } from "../images/backing-path.ts";
import { codeOf } from "../images/files.ts";
import { findBackingFile } from "../images/inspect.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";
import { diskIds } from "./disks.ts";
import { diskFolder, diskPath } from "./places.ts";
import type { SharedLock } from "./shared-lock.ts";

/** Files that a chain of overlays may have: QEMU gives up before. */
const CHAIN_MAX = 200;

/** `imageUse` is held while a disk is made from an image. */
export function imageCalls(parts: LibvirtParts, imageUse: SharedLock): Pick<Hypervisor, "ensureImage" | "pruneImages"> {
  return {
    ensureImage: (source, options = {}) =>
      told("Image", async () => {
        const { digest, sizeBytes } = await parts.images.ensure(source, options);
        return { digest, sizeBytes };
      }),
    pruneImages: (inUse, { dryRun = false } = {}) =>
      told("Images", () =>
        imageUse.alone(async () => {
          const stoodOn = new Set(inUse);
          for (const path of await diskFiles(parts)) for (const digest of await imagesUnder(path)) stoodOn.add(digest);
          const { removed, bytes } = await parts.images.prune(stoodOn, { dryRun });
          return {
            removed: removed.map(({ names, digest, sizeBytes }) => ({ name: names[0] ?? "", digest, cached: dryRun, sizeBytes })),
            bytes,
          };
        }),
      ),
  };
}

/** Of our folder, attached or not, and of every domain of the host, whoever made it. */
async function diskFiles({ ask, folders }: LibvirtParts): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  const owners = await readdir(folders.disks).catch((reason: unknown) => {
    if (codeOf(reason) === "ENOENT") return [];
    throw reason;
  });
  for (const owner of owners) for (const id of await diskIds(diskFolder(folders, owner))) files.add(diskPath(folders, owner, id) ?? "");
  for (const domain of await listDomains(ask)) {
    for (const inactive of [false, true]) {
      try {
        const devices = findChild(readXml(await domainXml(ask, domain, { inactive })), "devices");
        for (const { element } of diskEntries(devices)) {
          const { file, dev, pool, volume } = findChild(element, "source")?.attributes ?? {};
          const path = file ?? dev ?? (pool === undefined || volume === undefined ? undefined : await volumePath(ask, pool, volume));
          if (path !== undefined) files.add(path);
        }
      } catch (reason) {
        if (!isLibvirtError(reason, "VIR_ERR_NO_DOMAIN")) throw reason;
      }
    }
  }
  return files;
}

/** Undefined for a volume or a pool that is not there. Of a pool that is not active libvirt does not tell, and nothing is removed. */
async function volumePath(ask: Caller, poolName: string, name: string): Promise<string | undefined> {
  try {
    const { pool } = await ask.call("REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_NAME", { name: poolName });
    const { vol } = await ask.call("REMOTE_PROC_STORAGE_VOL_LOOKUP_BY_NAME", { pool, name });
    return (await ask.call("REMOTE_PROC_STORAGE_VOL_GET_PATH", { vol })).name;
  } catch (reason) {
    if (isLibvirtError(reason, "VIR_ERR_NO_STORAGE_POOL", "VIR_ERR_NO_STORAGE_VOL")) return undefined;
    throw reason;
  }
}

/** Digests by the names of the files that a disk stands on, down to the last. HOST_ERROR when one cannot be read. */
async function imagesUnder(path: string): Promise<readonly string[]> {
  const digests: string[] = [];
  for (let at: string | undefined = path, depth = 0; at !== undefined && depth < CHAIN_MAX; depth += 1) {
    const digest = /^sha256-([0-9a-f]{64})\.img$/.exec(basename(at))?.[1];
    if (digest !== undefined) digests.push(`sha256:${digest}`);
    try {
      const name = await findBackingFile(at);
      at = name === undefined ? undefined : backingPath(name, at);
    } catch (reason) {
      // What is not there stands on nothing.
      if (codeOf(reason) === "ENOENT") return digests;
      const why = reason instanceof Error ? reason.message : String(reason);
      throw problem(
        "HOST_ERROR",
        `Nobody can tell which image the disk ${at} stands on: ${why}. No image is removed.`,
        { hint: "Repair or remove that disk first." },
        { cause: reason },
      );
    }
  }
  return digests;
}
