/** Where a storage pool of libvirt keeps its files. */
import { connect, isLibvirtError } from "@ghost/libvirt";
import type { GhostError } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { readXml } from "./domain-xml/read-xml.ts";
import { findChild, textOf } from "./domain-xml/xml.ts";

const TIMEOUT_MS = 15_000;

/** Path of a directory pool, or why libvirt cannot be asked. AGENT_START when there is no such pool, or it is of another kind. */
export async function findPoolFolder(uri: string, name: string): Promise<{ readonly folder: string } | { readonly silent: Error }> {
  let xml: string;
  try {
    await using libvirt = await connect({ uri, connectTimeoutMs: TIMEOUT_MS });
    const { pool } = await libvirt.call("REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_NAME", { name }, { timeoutMs: TIMEOUT_MS });
    ({ xml } = await libvirt.call("REMOTE_PROC_STORAGE_POOL_GET_XML_DESC", { pool, flags: 0 }, { timeoutMs: TIMEOUT_MS }));
  } catch (reason) {
    if (isLibvirtError(reason, "VIR_ERR_NO_STORAGE_POOL")) throw noPool(uri, name, reason);
    return { silent: reason instanceof Error ? reason : new Error(String(reason)) };
  }
  const pool = readXml(xml);
  const kind = pool.attributes["type"] ?? "";
  const folder = textOf(findChild(pool, "target", "path"));
  if (kind === "dir" && folder.startsWith("/")) return { folder };
  throw problem(
    "AGENT_START",
    `The storage pool "${name}" of libvirt is of the kind "${kind}"; the disks of VMs are files, for which it takes a directory (kind "dir").`,
    {
      hint: "Name a directory pool in libvirt.storage_pool, or remove the key: then the disks are in data_dir.",
      path: ["libvirt", "storage_pool"],
    },
  );
}

function noPool(uri: string, name: string, cause: Error): GhostError {
  return problem(
    "AGENT_START",
    `The libvirt at ${uri} has no storage pool "${name}".`,
    {
      hint: `Make it: virsh -c ${uri} pool-define-as ${name} dir --target /var/lib/libvirt/images && virsh -c ${uri} pool-start ${name}. Or remove libvirt.storage_pool: then the disks are in data_dir.`,
      path: ["libvirt", "storage_pool"],
    },
    { cause },
  );
}
