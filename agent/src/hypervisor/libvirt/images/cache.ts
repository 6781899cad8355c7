/*
 * sha256-<hex>.img        an image that is what its name says, read-only, never written again
 * sha256-<hex>.json       what is known of it besides; may be missing
 * <anything>.partial      what is being fetched, with <anything>.partial.json beside it
 * import-<…>.partial      what is being copied from a file of this host
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, publish, replaceFile, syncFolder } from "./files.ts";
import type { ImageFacts } from "./inspect.ts";
import { inspectImage } from "./inspect.ts";

export interface CachedImage extends ImageFacts {
  /** `sha256:…`. */
  readonly digest: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ImageNote {
  /** Names of the catalogue that stood for it, when it was fetched under them. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
  /** The vendor's own digest, where that is no sha256. */
  readonly sha512?: string;
  /** ISO 8601: when a vendor last said that this is its image. */
  readonly confirmedAt: string;
}

export interface CacheEntry extends ImageNote {
  readonly digest: string;
}

const IMAGE_FILE = /^sha256-([0-9a-f]{64})\.img$/;
const NOTE_FILE = /^sha256-([0-9a-f]{64})\.json(?:\.new)?$/;
const PARTIAL_FILE = /^(.+)\.partial(?:\.json)?(?:\.new)?$/;
const IMPORT = "import-";
/** QEMU reads it, nobody writes it: every disk that is made from it would change. */
const READ_ONLY = 0o444;
/** Who knows a digest may read the image; what there is cannot be listed. */
const PASSABLE = 0o711;

/** The folder of images by digest. */
export class ImageCache {
  readonly #dir: string;
  /** Changes of names in the folder happen one after the other, so that none takes another's file for a rest. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async make(): Promise<void> {
    if ((await mkdir(this.#dir, { recursive: true })) !== undefined) await chmod(this.#dir, PASSABLE);
  }

  /** Names the copy of a file of this host. */
  importKey(path: string, sha256: string | undefined): string {
    return IMPORT + createHash("sha256").update(`${path}\n${sha256}`).digest("hex");
  }

  partialPath(key: string): string {
    return join(this.#dir, `${key}.partial`);
  }

  /** Undefined when it is not there, or is not as long as it was: a damaged file system is no reason to start from it. */
  async find(sha256: string): Promise<CachedImage | undefined> {
    const path = this.#imagePath(sha256);
    const [size, note] = await Promise.all([sizeOf(path), this.#note(sha256)]);
    if (size === undefined || (note !== undefined && note.sizeBytes !== size)) return undefined;
    return { digest: `sha256:${sha256}`, path, sizeBytes: size, ...(await inspectImage(path)) };
  }

  /** Takes a verified file that is on the disk to its last byte. */
  async keep(partial: string, sha256: string, note: ImageNote): Promise<void> {
    await this.#inTurn(async () => {
      await chmod(partial, READ_ONLY);
      await this.#writeNote(sha256, note);
      await publish(partial, this.#imagePath(sha256));
    });
  }

  /** Adds to what is known of an image. */
  async confirm(sha256: string, { names, sha512, ...note }: ImageNote): Promise<void> {
    await this.#inTurn(async () => {
      const before = await this.#note(sha256);
      const known = sha512 ?? before?.sha512;
      await this.#writeNote(sha256, {
        ...note,
        names: [...new Set([...(before?.names ?? []), ...names])],
        ...(known !== undefined && { sha512: known }),
      });
    });
  }

  /** Everything that is kept, the last confirmed first. */
  async list(): Promise<readonly CacheEntry[]> {
    const digests = (await this.#files()).flatMap((name) => IMAGE_FILE.exec(name)?.[1] ?? []);
    const entries = await Promise.all(
      digests.map(async (sha256) => {
        const sizeBytes = await sizeOf(this.#imagePath(sha256));
        if (sizeBytes === undefined) return [];
        return [{ names: [], confirmedAt: "", ...(await this.#note(sha256)), sizeBytes, digest: `sha256:${sha256}` }];
      }),
    );
    return entries.flat().sort((a, b) => (a.confirmedAt < b.confirmedAt ? 1 : -1));
  }

  async remove(sha256: string): Promise<void> {
    await this.#inTurn(async () => {
      await rm(this.#imagePath(sha256), { force: true });
      await rm(this.#notePath(sha256), { force: true });
    });
  }

  /** Removes copies of this host's files that were broken off; none may be going on. */
  async removeImports(): Promise<void> {
    for (const name of await this.#files())
      if (name.startsWith(IMPORT) && PARTIAL_FILE.test(name)) await rm(join(this.#dir, name), { force: true });
  }

  /** Removes what belongs to no image and to nothing that goes on. Gives the bytes. With `dryRun` it only counts. */
  async removeRests(isGoingOn: (key: string) => boolean, { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<number> {
    return await this.#inTurn(async () => await this.#removeRests(isGoingOn, dryRun));
  }

  async #removeRests(isGoingOn: (key: string) => boolean, dryRun: boolean): Promise<number> {
    const files = await this.#files();
    let bytes = 0;
    for (const name of files) {
      const key = PARTIAL_FILE.exec(name)?.[1];
      const noted = NOTE_FILE.exec(name)?.[1];
      const isRest = (key !== undefined && !isGoingOn(key)) || (noted !== undefined && !files.includes(`sha256-${noted}.img`));
      if (!isRest) continue;
      bytes += (await sizeOf(join(this.#dir, name))) ?? 0;
      if (!dryRun) await rm(join(this.#dir, name), { force: true });
    }
    if (!dryRun && files.length > 0) await syncFolder(this.#dir);
    return bytes;
  }

  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  #imagePath(sha256: string): string {
    return join(this.#dir, `sha256-${sha256}.img`);
  }

  #notePath(sha256: string): string {
    return join(this.#dir, `sha256-${sha256}.json`);
  }

  async #writeNote(sha256: string, note: ImageNote): Promise<void> {
    await replaceFile(this.#notePath(sha256), JSON.stringify(note));
  }

  async #note(sha256: string): Promise<ImageNote | undefined> {
    try {
      return JSON.parse(await readFile(this.#notePath(sha256), "utf8")) as ImageNote;
    } catch (reason) {
      if (codeOf(reason) === "ENOENT" || reason instanceof SyntaxError) return undefined;
      throw reason;
    }
  }

  async #files(): Promise<readonly string[]> {
    try {
      return await readdir(this.#dir);
    } catch (reason) {
      if (codeOf(reason) === "ENOENT") return [];
      throw reason;
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return undefined;
    throw reason;
  }
}
