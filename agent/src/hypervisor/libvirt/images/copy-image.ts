import type { FileHandle } from "node:fs/promises";
import { constants, open, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { problem } from "@ghost/schemas";
import type { CallOptions } from "../../driver.ts";
import { codeOf, diskFull, writeFailure } from "./files.ts";

const BLOCK_BYTES = 2 ** 20;
const STAT_BLOCK_BYTES = 512;

/**
 * Copies a file of this host; zeros become holes. Gives its size. IMAGE_MISSING when it cannot be read or is no ordinary
 * file, HOST_OUT_OF_DISK.
 */
export async function copyImage(from: string, to: string, options: Required<CallOptions>): Promise<number> {
  const source = await openSource(from);
  try {
    const { size, blocks } = await requireOrdinary(source, from);
    const { bavail, bsize } = await statfs(dirname(to));
    if (Math.min(size, blocks * STAT_BLOCK_BYTES) > bavail * bsize)
      throw diskFull(dirname(to), `${size} bytes are to come and ${bavail * bsize} are free`);
    const target = await open(to, "w", 0o600);
    try {
      return await copyBlocks(source, target, size, options);
    } catch (reason) {
      throw writeFailure(reason, to);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    // A pipe without a writer would hold the agent for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (reason) {
    const why: Readonly<Record<string, string>> = {
      ENOENT: "is not there",
      EACCES: "may not be read by the agent",
      ENOTDIR: "is not there",
    };
    throw problem(
      "IMAGE_MISSING",
      `The image ${path} ${why[codeOf(reason)] ?? `cannot be opened (${codeOf(reason)})`}.`,
      { hint: "image_path is a path on the agent's host.", path: ["image_path"] },
      { cause: reason },
    );
  }
}

async function requireOrdinary(source: FileHandle, path: string): Promise<{ size: number; blocks: number }> {
  const facts = await source.stat();
  if (facts.isFile()) return facts;
  throw problem("IMAGE_MISSING", `The image ${path} is no ordinary file.`, {
    hint: "Give the path of an image file.",
    path: ["image_path"],
  });
}

async function copyBlocks(
  source: FileHandle,
  target: FileHandle,
  bytesTotal: number,
  { signal, onProgress }: Required<CallOptions>,
): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  const zeros = Buffer.alloc(BLOCK_BYTES);
  let bytesDone = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(block, 0, BLOCK_BYTES, bytesDone);
    if (bytesRead === 0) break;
    const isZero = block.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead));
    for (let done = isZero ? bytesRead : 0; done < bytesRead;)
      done += (await target.write(block, done, bytesRead - done, bytesDone + done)).bytesWritten;
    bytesDone += bytesRead;
    onProgress({ phase: "copying", bytesDone, bytesTotal });
  }
  await target.truncate(bytesDone);
  await target.sync();
  return bytesDone;
}
