/*
 * One file from one address into a partial file that outlives a crash.
 *
 * (1) What is in the partial file is continued only when the address is the same and the server says, by the validator it
 *     gave then, that the content is the same. In every other case it begins anew.
 * (2) Nothing here decides that the content is right: who calls compares digests.
 */
import { open, readFile, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../../driver.ts";
import { codeOf, diskFull, replaceFile, writeFailure } from "./files.ts";
import type { Exchange, FetchLimits } from "./http.ts";
import { FetchFailure, openExchange } from "./http.ts";

export interface DownloadLimits extends FetchLimits {
  readonly maxBytes: number;
  /** How often an address is asked that breaks off or answers with a passing error. */
  readonly attempts: number;
  /** Before the second attempt; doubled for each further one. */
  readonly retryMs: number;
}

export const DOWNLOAD_LIMITS: DownloadLimits = {
  stallMs: 30_000,
  maxRedirects: 5,
  maxBytes: 64 * 2 ** 30,
  attempts: 5,
  retryMs: 1_000,
};

const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** An attempt that got this much further is a success of its own: a bad line gets a big file in the end. */
const GOOD_PROGRESS_BYTES = 2 ** 20;

interface Begun {
  readonly url: string;
  /** Of If-Range: a strong ETag, or the date of the last change. */
  readonly validator: string;
}

/**
 * Brings a file to `partial`; its parent exists. Tells whether it continued a part. Throws FetchFailure when the
 * address does not give it (the partial file stays for the next time), HOST_OUT_OF_DISK (it is removed).
 */
export async function download(
  url: string,
  partial: string,
  limits: DownloadLimits,
  options: Required<CallOptions>,
): Promise<{ isResumed: boolean; sizeBytes: number }> {
  let isResumed = false;
  for (let failures = 0; ;) {
    const before = await sizeOf(partial);
    try {
      isResumed = (await attempt(url, partial, limits, options)) || isResumed;
      return { isResumed, sizeBytes: await sizeOf(partial) };
    } catch (reason) {
      if (!(reason instanceof FetchFailure) || !reason.isTransient) throw reason;
      failures = (await sizeOf(partial)) - before >= GOOD_PROGRESS_BYTES ? 1 : failures + 1;
      if (failures >= limits.attempts) throw reason;
      await sleep(limits.retryMs * 2 ** (failures - 1), undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    }
  }
}

/** Removes a partial file and what is known of it. */
export async function dropPartial(partial: string): Promise<void> {
  await rm(begunPath(partial), { force: true });
  await rm(partial, { force: true });
}

/** A small text, such as a checksum file. Throws FetchFailure. */
export async function downloadText(url: string, maxBytes: number, limits: DownloadLimits, signal: AbortSignal): Promise<string> {
  await using exchange = await openExchange(url, {}, limits, signal);
  requireStatus(exchange.response, [200]);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await exchange.read(); chunk !== undefined; chunk = await exchange.read()) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new FetchFailure(`it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** True when it continued a part that was there. */
async function attempt(url: string, partial: string, limits: DownloadLimits, options: Required<CallOptions>): Promise<boolean> {
  const begun = await findBegun(partial);
  const have = begun?.url === url ? await sizeOf(partial) : 0;
  const range = begun !== undefined && have > 0 ? { range: `bytes=${have}-`, "if-range": begun.validator } : undefined;
  await using exchange = await openExchange(url, { ...range }, limits, options.signal);
  const { response } = exchange;
  if (range !== undefined && response.status === 416) {
    if (rangeOf(response)?.totalBytes === have) return true;
    await dropPartial(partial);
    throw new FetchFailure("the file there is another one now", { isTransient: true });
  }
  requireStatus(response, range === undefined ? [200] : [200, 206]);
  const isContinued = response.status === 206;
  const from = isContinued ? have : 0;
  const { start, totalBytes } = isContinued ? (rangeOf(response) ?? {}) : { start: 0, totalBytes: lengthOf(response) };
  if (isContinued && (start !== have || (validatorOf(response) ?? begun?.validator) !== begun?.validator)) {
    await dropPartial(partial);
    throw new FetchFailure("it sent another part than was asked for", { isTransient: true });
  }
  if (totalBytes !== undefined && totalBytes > limits.maxBytes) throw await tooLarge(partial, limits);
  if (!isContinued) await begin(url, partial, response);
  await requireRoom(partial, totalBytes === undefined ? 0 : totalBytes - from);
  const bytes = await append(exchange, partial, from, totalBytes, limits, options);
  if (totalBytes !== undefined && bytes !== totalBytes)
    throw new FetchFailure(`it ended after ${bytes} of ${totalBytes} bytes`, { isTransient: true });
  return isContinued;
}

/** Writes what comes behind what is there. Gives the size of the file then. */
async function append(
  exchange: Exchange,
  partial: string,
  from: number,
  totalBytes: number | undefined,
  limits: DownloadLimits,
  { onProgress }: Required<CallOptions>,
): Promise<number> {
  const file = await open(partial, from === 0 ? "w" : "r+", 0o600);
  let bytes = from;
  const tell = (): void =>
    onProgress({ phase: "downloading", bytesDone: bytes, ...(totalBytes !== undefined && { bytesTotal: totalBytes }) });
  try {
    tell();
    for (let chunk = await exchange.read(); chunk !== undefined; chunk = await exchange.read()) {
      if (bytes + chunk.length > limits.maxBytes) throw await tooLarge(partial, limits);
      for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done, chunk.length - done, bytes + done)).bytesWritten;
      bytes += chunk.length;
      tell();
    }
    await file.sync();
    return bytes;
  } catch (reason) {
    const failure = writeFailure(reason, partial);
    // A full disk stops the machines that run on it: the room is worth more than the part of an image.
    if (failure !== reason) await dropPartial(partial);
    throw failure;
  } finally {
    await file.close();
  }
}

/** The validator is on disk before the first byte that it stands for. */
async function begin(url: string, partial: string, response: Response): Promise<void> {
  await dropPartial(partial);
  const validator = validatorOf(response);
  if (validator !== undefined) await replaceFile(begunPath(partial), JSON.stringify({ url, validator } satisfies Begun));
}

async function findBegun(partial: string): Promise<Begun | undefined> {
  try {
    return JSON.parse(await readFile(begunPath(partial), "utf8")) as Begun;
  } catch (reason) {
    if (codeOf(reason) === "ENOENT" || reason instanceof SyntaxError) return undefined;
    throw reason;
  }
}

function begunPath(partial: string): string {
  return `${partial}.json`;
}

async function requireRoom(partial: string, bytes: number): Promise<void> {
  const dir = dirname(partial);
  const { bavail, bsize } = await statfs(dir);
  if (bytes <= bavail * bsize) return;
  await dropPartial(partial);
  throw diskFull(dir, `${bytes} bytes are to come and ${bavail * bsize} are free`);
}

async function tooLarge(partial: string, { maxBytes }: DownloadLimits): Promise<FetchFailure> {
  await dropPartial(partial);
  return new FetchFailure(`it is larger than ${maxBytes} bytes, the most that an image may have`);
}

function requireStatus({ status, headers }: Response, wanted: readonly number[]): void {
  if (!wanted.includes(status)) throw new FetchFailure(`it answers ${status}`, { isTransient: PASSING_STATUS.has(status) });
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") throw new FetchFailure(`it sends the file as ${encoding}, which was not asked for`);
}

/** Weak ETags say "about the same", which is not enough to join two halves. */
function validatorOf({ headers }: Response): string | undefined {
  const etag = headers.get("etag");
  if (etag !== null && etag.startsWith('"')) return etag;
  return headers.get("last-modified") ?? undefined;
}

function lengthOf({ headers }: Response): number | undefined {
  const text = headers.get("content-length");
  return text === null ? undefined : Number(text);
}

function rangeOf({ headers }: Response): { start?: number; totalBytes?: number } | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (match === null) return undefined;
  const [, start, total] = match;
  return { ...(start !== undefined && { start: Number(start) }), ...(total !== "*" && { totalBytes: Number(total) }) };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return 0;
    throw reason;
  }
}
