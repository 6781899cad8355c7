import { createHash } from "node:crypto";
import { problem } from "@ghost/schemas";
import { CATALOGUE_NAMES } from "../catalogue.ts";
import type { ImageSource } from "../driver.ts";

export interface SimulatedImage {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** The same name has the same digest on every simulated host. */
export const SIMULATED_IMAGES: ReadonlyMap<string, SimulatedImage> = new Map(
  CATALOGUE_NAMES.map((name) => [name, imageOf(`ghost simulated image ${name}`)]),
);

/** IMAGE_UNKNOWN when the name is not in the catalogue. */
export function resolveImage(source: ImageSource): SimulatedImage {
  if ("url" in source) return { ...imageOf(source.url), digest: `sha256:${source.sha256}` };
  if ("path" in source)
    return source.sha256 === undefined ? imageOf(source.path) : { ...imageOf(source.path), digest: `sha256:${source.sha256}` };
  const image = SIMULATED_IMAGES.get(source.name);
  if (image === undefined)
    throw problem("IMAGE_UNKNOWN", `This host has no image named "${source.name}".`, {
      hint: `Use one of ${CATALOGUE_NAMES.join(", ")}, or image_url with image_sha256.`,
      path: ["image"],
    });
  return image;
}

/** 300 to 700 MiB, as cloud images are; size and digest follow from the text alone. */
function imageOf(text: string): SimulatedImage {
  const hash = createHash("sha256").update(text).digest();
  return { digest: `sha256:${hash.toString("hex")}`, sizeBytes: (300 + (hash.readUInt16BE(0) % 400)) * 1024 * 1024 };
}
