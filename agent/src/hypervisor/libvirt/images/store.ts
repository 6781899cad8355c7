/*
 * (1) A file has a good name only when it is complete, on the disk, and has the digest that the name says.
 * (2) What is wanted is known before the first byte is fetched: from the person, or from the vendor's checksum file.
 * (3) Everybody who wants one content at the same time waits for the same fetch.
 * (4) An image stays until `prune` is told that nobody uses it.
 */
import { stat } from "node:fs/promises";
import { GhostError, problem } from "@ghost/schemas";
import type { CallOptions, ImageSource } from "../../driver.ts";
import type { CachedImage, CacheEntry, ImageNote } from "./cache.ts";
import { ImageCache } from "./cache.ts";
import type { Checksum } from "./checksum-file.ts";
import { findChecksum } from "./checksum-file.ts";
import { copyImage } from "./copy-image.ts";
import type { Digests } from "./digests.ts";
import { digestsOf } from "./digests.ts";
import type { DownloadLimits } from "./download.ts";
import { download, DOWNLOAD_LIMITS, downloadText, dropPartial } from "./download.ts";
import { FetchFailure, shownUrl } from "./http.ts";
import { checkImage } from "./inspect.ts";
import { SharedWork } from "./shared-work.ts";
import type { VendorImage } from "./vendor-images.ts";

const SHA256 = /^[0-9a-f]{64}$/;
const DIGEST = "sha256:";
const CHECKSUM_FILE_MAX_BYTES = 2 ** 20;

export interface ImageStoreOptions {
  readonly dir: string;
  readonly vendorImages: ReadonlyMap<string, VendorImage>;
  readonly limits?: Partial<DownloadLimits>;
  readonly now?: () => Date;
}

/** Where a content comes from and what it has to be. */
interface Wanted {
  readonly urls: readonly string[];
  readonly checksum: Checksum;
}

/** The images of a host, each in one file named by its sha256. */
export class ImageStore {
  readonly #cache: ImageCache;
  readonly #vendorImages: ReadonlyMap<string, VendorImage>;
  readonly #limits: DownloadLimits;
  readonly #now: () => Date;
  readonly #fetches: SharedWork<CachedImage> = new SharedWork();
  /** By path: a large image is not read for every machine that is made from it. */
  readonly #imported = new Map<string, { readonly identity: string; readonly sha256: string }>();

  #cleared: Promise<void> = Promise.resolve();

  constructor({ dir, vendorImages, limits, now = () => new Date() }: ImageStoreOptions) {
    this.#cache = new ImageCache(dir);
    this.#vendorImages = vendorImages;
    this.#limits = { ...DOWNLOAD_LIMITS, ...limits };
    this.#now = now;
  }

  /**
   * Removes what an agent that was killed has left of copies: unlike a fetch they are not continued. Nobody waits for a
   * folder that does not answer but who copies into it. To be called once, by the agent whose folder it is.
   */
  clear(): void {
    this.#cleared = this.#cache.removeImports().catch(() => undefined);
  }

  /**
   * Makes sure that an image is there. IMAGE_UNKNOWN for a name outside the catalogue, IMAGE_MISSING when it cannot be had
   * or is not what it should be, HOST_OUT_OF_DISK. What was fetched when it failed is continued the next time.
   */
  async ensure(source: ImageSource, options: CallOptions = {}): Promise<CachedImage> {
    await this.#cache.make();
    if ("path" in source) return await this.#ensureLocal(source, options);
    if ("url" in source) {
      const sha256 = requireSha256(source.sha256, shownUrl(source.url));
      return (await this.#cache.find(sha256)) ?? (await this.#fetch({ urls: [source.url], checksum: { sha256 } }, options));
    }
    return await this.#ensureNamed(source.name, source.digest?.slice(DIGEST.length), options);
  }

  /** An image that is there, by `sha256:…`. */
  async find(digest: string): Promise<CachedImage | undefined> {
    const sha256 = digest.slice(DIGEST.length);
    return SHA256.test(sha256) ? await this.#cache.find(sha256) : undefined;
  }

  /** Everything that is there, the last confirmed first. */
  async list(): Promise<readonly CacheEntry[]> {
    return await this.#cache.list();
  }

  /**
   * Removes the images that nobody uses and what is left of broken fetches. `inUse` are the digests under every disk that
   * exists and of every template; no disk may be made from another image while this runs. With `dryRun` it only tells.
   */
  async prune(
    inUse: ReadonlySet<string>,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<{ removed: readonly CacheEntry[]; bytes: number }> {
    const isGoingOn = (key: string): boolean => this.#fetches.isRunning(key);
    const removed = (await this.#cache.list()).filter(({ digest }) => !inUse.has(digest) && !isGoingOn(digest.replace(":", "-")));
    if (!dryRun) for (const { digest } of removed) await this.#cache.remove(digest.slice(DIGEST.length));
    const rests = await this.#cache.removeRests(isGoingOn, { dryRun });
    return { removed, bytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, rests) };
  }

  async #ensureNamed(name: string, pin: string | undefined, options: CallOptions): Promise<CachedImage> {
    const pinned = pin === undefined ? undefined : await this.#cache.find(requireSha256(pin, name));
    if (pinned !== undefined) return pinned;
    const vendor = this.#vendorImages.get(name);
    if (vendor === undefined)
      throw problem("IMAGE_UNKNOWN", `There is no image named "${name}" in the catalogue.`, {
        hint: `Use one of ${[...this.#vendorImages.keys()].join(", ")}, or image_url with image_sha256.`,
        path: ["image"],
      });
    const before = await this.#vendorChecksum(name, vendor, options);
    if ("failure" in before) {
      // A vendor that cannot be reached is no reason not to make a VM from what is here.
      const kept = pin === undefined ? (await this.#cache.list()).find(({ names }) => names.includes(name)) : undefined;
      const image = kept === undefined ? undefined : await this.find(kept.digest);
      if (image === undefined) throw before.failure;
      return image;
    }
    try {
      return await this.#ensureVendors(name, vendor, before, pin, options);
    } catch (reason) {
      // The vendor may have published a new image between the checksum and the last byte: then once more.
      if (!(reason instanceof GhostError) || reason.diagnostics[0].code !== "IMAGE_MISSING") throw reason;
      const after = await this.#vendorChecksum(name, vendor, options);
      if ("failure" in after || partialKey(after) === partialKey(before)) throw reason;
      return await this.#ensureVendors(name, vendor, after, pin, options);
    }
  }

  /** The image that the vendor means by a checksum; with a pin that one or none. */
  async #ensureVendors(
    name: string,
    vendor: VendorImage,
    checksum: Checksum,
    pin: string | undefined,
    options: CallOptions,
  ): Promise<CachedImage> {
    const requirePin = (digest: string): void => {
      if (pin === undefined || digest === DIGEST + pin) return;
      throw problem(
        "IMAGE_MISSING",
        `"${name}" is ${digest} at its vendor by now, and ${DIGEST}${pin} is wanted, which is not kept here.`,
        {
          hint: "Take the image that there is now, or bring the wanted one with image_path.",
        },
      );
    };
    if ("sha256" in checksum) requirePin(DIGEST + checksum.sha256);
    const known = await this.#findKnown(checksum);
    if (known !== undefined) requirePin(known.digest);
    const urls = vendor.folders.map((folder) => folder + vendor.fileName);
    const image = known ?? (await this.#fetch({ urls, checksum }, options));
    await this.#cache.confirm(image.digest.slice(DIGEST.length), this.#note(image.sizeBytes, { names: [name], checksum }));
    // The vendor's sha512 says nothing of the sha256 until the bytes are here.
    requirePin(image.digest);
    return image;
  }

  async #findKnown(checksum: Checksum): Promise<CachedImage | undefined> {
    if ("sha256" in checksum) return await this.#cache.find(checksum.sha256);
    const entry = (await this.#cache.list()).find(({ sha512 }) => sha512 === checksum.sha512);
    return entry === undefined ? undefined : await this.find(entry.digest);
  }

  async #vendorChecksum(
    name: string,
    { folders, fileName, checksumFileName }: VendorImage,
    { signal = new AbortController().signal }: CallOptions,
  ): Promise<Checksum | { failure: GhostError }> {
    const failures: string[] = [];
    for (const folder of folders) {
      const url = folder + checksumFileName;
      try {
        const found = findChecksum(await downloadText(url, CHECKSUM_FILE_MAX_BYTES, this.#limits, signal), fileName);
        if (found !== undefined) return found;
        failures.push(`${shownUrl(url)}: it has no one checksum of ${fileName}`);
      } catch (reason) {
        if (!(reason instanceof FetchFailure)) throw reason;
        failures.push(`${shownUrl(url)}: ${reason.message}`);
      }
    }
    return { failure: unavailable(`checksum of the image "${name}"`, failures) };
  }

  async #fetch(wanted: Wanted, options: CallOptions): Promise<CachedImage> {
    const key = partialKey(wanted.checksum);
    return await this.#fetches.run(key, options, async (shared) => await this.#fetchAlone(key, wanted, shared));
  }

  async #fetchAlone(key: string, { urls, checksum }: Wanted, options: Required<CallOptions>): Promise<CachedImage> {
    const done = await this.#findKnown(checksum);
    if (done !== undefined) return done;
    const partial = this.#cache.partialPath(key);
    const failures: string[] = [];
    for (const url of urls) {
      try {
        const digests = await this.#downloadVerified(url, partial, checksum, options);
        return await this.#keep(partial, digests, shownUrl(url), { names: [], checksum });
      } catch (reason) {
        if (!(reason instanceof FetchFailure)) throw reason;
        failures.push(`${shownUrl(url)}: ${reason.message}`);
      }
    }
    throw unavailable("image", failures);
  }

  /** Throws FetchFailure when the address has another content, which is removed then. */
  async #downloadVerified(url: string, partial: string, checksum: Checksum, options: Required<CallOptions>): Promise<Digests> {
    // Halves of two contents make a third one: what was continued and is wrong gets one chance from its first byte.
    for (let mayRepeat = true; ; mayRepeat = false) {
      const { isResumed, sizeBytes } = await download(url, partial, this.#limits, options);
      const found = await digestsOf(partial, { withSha512: "sha512" in checksum }, { ...options, sizeBytes });
      if ("sha256" in checksum ? found.sha256 === checksum.sha256 : found.sha512 === checksum.sha512) return found;
      const digests =
        "sha256" in checksum ? `the sha256 ${found.sha256}, and ${checksum.sha256}` : `the sha512 ${found.sha512}, and ${checksum.sha512}`;
      await dropPartial(partial);
      if (!isResumed || !mayRepeat) throw new FetchFailure(`what it sends has ${digests} is wanted`);
    }
  }

  async #ensureLocal({ path, sha256: given }: { path: string; sha256?: string }, options: CallOptions): Promise<CachedImage> {
    const wanted = given === undefined ? undefined : requireSha256(given, path);
    const cached = wanted === undefined ? undefined : await this.#cache.find(wanted);
    if (cached !== undefined) return cached;
    const before = await identityOf(path);
    const known = before === undefined ? undefined : this.#imported.get(path);
    const kept = known !== undefined && known.identity === before ? await this.#cache.find(known.sha256) : undefined;
    if (kept !== undefined && (wanted === undefined || kept.digest === DIGEST + wanted)) return kept;
    const key = this.#cache.importKey(path, wanted);
    const image = await this.#fetches.run(key, options, async (shared) => await this.#import(key, path, wanted, shared));
    // What changed while it was read is read again the next time.
    if (before !== undefined && before === (await identityOf(path)))
      this.#imported.set(path, { identity: before, sha256: image.digest.slice(DIGEST.length) });
    return image;
  }

  async #import(key: string, path: string, wanted: string | undefined, options: Required<CallOptions>): Promise<CachedImage> {
    const partial = this.#cache.partialPath(key);
    await this.#cleared;
    try {
      // The digest is that of the copy: the file may change while it is read.
      const sizeBytes = await copyImage(path, partial, options);
      const digests = await digestsOf(partial, { withSha512: false }, { ...options, sizeBytes });
      if (wanted !== undefined && digests.sha256 !== wanted)
        throw problem(
          "IMAGE_MISSING",
          `The image from ${path} has the digest ${DIGEST}${digests.sha256}, and ${DIGEST}${wanted} is wanted.`,
          {
            hint: "Look at what is there now; to take it, give its digest.",
          },
        );
      return (await this.#cache.find(digests.sha256)) ?? (await this.#keep(partial, digests, path, { names: [] }));
    } finally {
      await dropPartial(partial);
    }
  }

  /** Gives a verified file its good name. IMAGE_MISSING when no disk can be made from it. */
  async #keep(
    partial: string,
    { sha256, sizeBytes }: Digests,
    from: string,
    known: { names: readonly string[]; checksum?: Checksum },
  ): Promise<CachedImage> {
    try {
      await checkImage(partial);
    } catch (reason) {
      await dropPartial(partial);
      if (!(reason instanceof RangeError)) throw reason;
      throw problem(
        "IMAGE_MISSING",
        `What comes from ${from} cannot be used as an image: ${reason.message}.`,
        { hint: "Give an image that stands on its own, as qcow2 or as a raw disk (`qemu-img convert -O qcow2` makes one)." },
        { cause: reason },
      );
    }
    await this.#cache.keep(partial, sha256, this.#note(sizeBytes, known));
    await dropPartial(partial);
    const image = await this.#cache.find(sha256);
    if (image === undefined) throw problem("HOST_ERROR", `The image ${DIGEST}${sha256} was written and is not there.`);
    return image;
  }

  #note(sizeBytes: number, { names, checksum }: { names: readonly string[]; checksum?: Checksum }): ImageNote {
    const sha512 = checksum !== undefined && "sha512" in checksum ? checksum.sha512 : undefined;
    return { names, sizeBytes, ...(sha512 !== undefined && { sha512 }), confirmedAt: this.#now().toISOString() };
  }
}

/** What changes whenever a file's content does; undefined when it cannot be looked at. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch (reason) {
    if (reason instanceof Error && "syscall" in reason) return undefined;
    throw reason;
  }
}

function requireSha256(text: string, from: string): string {
  if (SHA256.test(text)) return text;
  throw problem("IMAGE_MISSING", `The image from ${from} has no digest to check it by: 64 lower-case hexadecimal digits are wanted.`, {
    hint: "Give its SHA-256 (`sha256sum` prints it).",
    path: ["image_sha256"],
  });
}

/** The same content is the same fetch, whatever address it is asked from. */
function partialKey(checksum: Checksum): string {
  return "sha256" in checksum ? `sha256-${checksum.sha256}` : `sha512-${checksum.sha512}`;
}

function unavailable(what: string, failures: readonly string[]): GhostError {
  return problem("IMAGE_MISSING", `The ${what} cannot be fetched. ${failures.join("; ")}.`, {
    hint: "Look at the address and at the host's way to it, or bring the image with image_path.",
  });
}
