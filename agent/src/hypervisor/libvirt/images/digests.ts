import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { CallOptions } from "../../driver.ts";

const READ_BYTES = 2 ** 20;

export interface Digests {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Only when asked for. */
  readonly sha512?: string;
  readonly sizeBytes: number;
}

/** Digests of what is on the disk, whatever was meant to be written there. */
export async function digestsOf(
  path: string,
  { withSha512 }: { withSha512: boolean },
  options: CallOptions & { sizeBytes: number },
): Promise<Digests> {
  const sha256 = createHash("sha256");
  const sha512 = createHash("sha512");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    options.signal?.throwIfAborted();
    sha256.update(chunk);
    if (withSha512) sha512.update(chunk);
    sizeBytes += chunk.length;
    options.onProgress?.({ phase: "checking", bytesDone: sizeBytes, bytesTotal: options.sizeBytes });
  }
  return { sha256: sha256.digest("hex"), ...(withSha512 && { sha512: sha512.digest("hex") }), sizeBytes };
}
