/**
 * How large the disks of domains are. libvirt's answer asks each running machine (1.4 ms each); what a file is says its
 * first bytes, which QEMU keeps true while the machine runs.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Caller, DomainRef, Params } from "@ghost/libvirt";
import { allDomainStatistics, numberIn, textIn } from "@ghost/libvirt";
import type { DomainDiskFacts } from "./domain-xml/from-domain-xml.ts";

/** The beginning of a qcow2 file: magic, version, backing file, cluster size, and then the size that the guest sees. */
const QCOW2_MAGIC = 0x51_46_49_fb;
const QCOW2_SIZE_OFFSET = 24;
const QCOW2_BYTES = 32;

/** A file that has not answered by then is on a file system whose server is away. */
const PATIENCE_MS = 4_000;

/** By `sizeKey`, in bytes. */
export type DiskSizes = ReadonlyMap<string, number>;

/** What a disk is known by: its source, or the place that it has in its domain where it has no source, as on a network. */
export function sizeKey(uid: string, { source, target }: Pick<DomainDiskFacts, "source" | "target">): string {
  return source === "" ? `${uid} ${target}` : source;
}

type SizeOf = (disk: DomainDiskFacts) => Promise<number | undefined>;
type Domains = readonly { readonly ref: DomainRef; readonly disks: readonly DomainDiskFacts[] }[];

export class DiskSizeReader {
  readonly #ask: Caller;
  readonly #sizeOf: SizeOf;
  readonly #patienceMs: number;
  /** What libvirt has said of disks that cannot be looked into. */
  readonly #told = new Map<string, number>();
  /** What files have said. */
  readonly #seen = new Map<string, number>();
  /** Folders of which a file has not answered. Whoever opens another one there hangs too, and libvirt with him. */
  readonly #silent = new Set<string>();

  constructor(
    ask: Caller,
    { sizeOf = sizeOfFile, patienceMs = PATIENCE_MS }: { readonly sizeOf?: SizeOf; readonly patienceMs?: number } = {},
  ) {
    this.#ask = ask;
    this.#sizeOf = sizeOf;
    this.#patienceMs = patienceMs;
  }

  /** A size that cannot be had is left out: that disk is gone, or its machine too busy to be asked. */
  async read(domains: Domains): Promise<DiskSizes> {
    const sizes = new Map<string, number>();
    const all = domains.flatMap(({ ref, disks }) => disks.map((disk) => ({ ref, disk })));
    const unsure = new Set<string>();
    await Promise.all(
      [...Map.groupBy(all, ({ disk }) => dirname(disk.source))].map(async ([folder, [first, ...others]]) => {
        const see = async ({ ref, disk }: (typeof all)[number]): Promise<void> => {
          const bytes = this.#silent.has(folder) ? this.#seen.get(keyOf(ref, disk)) : await this.#sizeUnlessSilent(folder, ref, disk);
          if (bytes !== undefined) sizes.set(sizeKey(ref.uuid, disk), bytes);
          else if (!this.#silent.has(folder)) unsure.add(ref.uuid);
        };
        // The process has four threads for files, and each file that does not answer takes one.
        if (first !== undefined) await see(first);
        await Promise.all(others.map(see));
      }),
    );
    const unseen = domains.filter(({ ref }) => unsure.has(ref.uuid));
    if (unseen.length > 0) await this.#askFor(unseen, sizes);
    return sizes;
  }

  async #sizeUnlessSilent(folder: string, ref: DomainRef, disk: DomainDiskFacts): Promise<number | undefined> {
    const reading = this.#sizeOf(disk);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, this.#patienceMs, "late" as const)));
    const bytes = await Promise.race([reading, late]).finally(() => clearTimeout(timer));
    if (bytes === "late") {
      this.#silent.add(folder);
      const isBack = (): void => void this.#silent.delete(folder);
      reading.then(isBack, isBack);
      return this.#seen.get(keyOf(ref, disk));
    }
    if (bytes !== undefined) this.#seen.set(keyOf(ref, disk), bytes);
    return bytes;
  }

  async #askFor(domains: Domains, sizes: Map<string, number>): Promise<void> {
    const answers = await allDomainStatistics(this.#ask, { groups: ["block"], domains: domains.map(({ ref }) => ref), noWait: true });
    const byUid = new Map(answers.map(({ domain, params }) => [domain.uuid, capacities(params)]));
    for (const { ref, disks } of domains) {
      for (const disk of disks) {
        const size = sizeKey(ref.uuid, disk);
        if (sizes.has(size)) continue;
        const bytes = byUid.get(ref.uuid)?.get(disk.target) ?? this.#told.get(keyOf(ref, disk));
        if (bytes === undefined) continue;
        this.#told.set(keyOf(ref, disk), bytes);
        sizes.set(size, bytes);
      }
    }
  }
}

function keyOf({ uuid }: DomainRef, { target, source }: DomainDiskFacts): string {
  return `${uuid} ${target} ${source}`;
}

/** By target. */
function capacities(params: Params): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let index = 0; index < (numberIn(params, "block.count") ?? 0); index++) {
    const name = textIn(params, `block.${index}.name`);
    const bytes = numberIn(params, `block.${index}.capacity`);
    // Of a chain of images the first is what the guest sees.
    if (name !== undefined && bytes !== undefined && !found.has(name)) found.set(name, bytes);
  }
  return found;
}

/** Undefined for what is no file that this process may read. A raw disk is not looked into: its content is the guest's. */
async function sizeOfFile({ source, format }: DomainDiskFacts): Promise<number | undefined> {
  if (!source.startsWith("/") || source.startsWith("/dev/") || (format !== "qcow2" && format !== "raw")) return undefined;
  try {
    // A pipe of that name would hold whoever opens it.
    const file = await open(source, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (format === "raw") {
        const stat = await file.stat();
        return stat.isFile() ? stat.size : undefined;
      }
      const { buffer, bytesRead } = await file.read(Buffer.alloc(QCOW2_BYTES), 0, QCOW2_BYTES, 0);
      const isQcow2 = bytesRead === QCOW2_BYTES && buffer.readUInt32BE(0) === QCOW2_MAGIC;
      return isQcow2 ? Number(buffer.readBigUInt64BE(QCOW2_SIZE_OFFSET)) : undefined;
    } finally {
      await file.close();
    }
  } catch (reason) {
    if (reason instanceof Error && "syscall" in reason) return undefined;
    throw reason;
  }
}
