import type { Diagnostic, ObservedImage, VmConfig } from "@ghost/schemas";
import { isEmpty, sameValue } from "./same.ts";

const IMAGE = ["image", "image_url", "image_sha256", "image_path"] as const satisfies readonly (keyof VmConfig)[];
const CLOUD_INIT = ["cloud_init", "ssh_keys"] as const satisfies readonly (keyof VmConfig)[];

type Ignorable = (typeof IMAGE)[number] | (typeof CLOUD_INIT)[number];

/** Which key decides what a change of an attribute does to a VM that exists. */
const DECIDED_BY: ReadonlyMap<string, "image_on_change" | "cloud_init_on_change"> = new Map([
  ...IMAGE.map((name) => [name, "image_on_change"] as const),
  ...CLOUD_INIT.map((name) => [name, "cloud_init_on_change"] as const),
]);

/**
 * True when a VM that exists keeps its value of this attribute, whatever the spec says. Cloud-init is never ignored
 * when the root disk is made anew: it starts from nothing then.
 */
export function isIgnored(name: string, desired: VmConfig, live: VmConfig): boolean {
  const key = DECIDED_BY.get(name);
  if (key === undefined || (desired[key] ?? "ignore") !== "ignore") return false;
  return key === "image_on_change" || !isRootRemade(desired, live);
}

/** True when the root disk is made anew by a changed image or by shrinking. */
function isRootRemade(desired: VmConfig, live: VmConfig): boolean {
  // One that is not known yet is no number.
  if (typeof desired.disk_gb === "number" && live.disk_gb !== undefined && desired.disk_gb < live.disk_gb) return true;
  return desired.image_on_change === "recreate" && IMAGE.some((name) => !sameValue(desired[name], live[name]));
}

/**
 * What an existing VM really becomes: attributes whose change is ignored keep their live value. This is what a step
 * carries, so that what is recorded never claims more than what was done.
 */
export function settleVm(desired: VmConfig, live: VmConfig): VmConfig {
  const settled: Record<string, unknown> = { ...desired };
  for (const name of DECIDED_BY.keys() as Iterable<Ignorable>) {
    if (!isIgnored(name, desired, live)) continue;
    if (live[name] === undefined) delete settled[name];
    else settled[name] = live[name];
  }
  return settled as VmConfig;
}

/** Remarks about a VM that exists: changes that are ignored, and a newer image under its name. Never errors. */
export function notesVm(input: {
  readonly name: string;
  readonly desired: VmConfig;
  readonly live: VmConfig;
  /** Digest of the image the VM was made from; empty when it is not known. */
  readonly imageDigest?: string;
  readonly images?: readonly ObservedImage[];
}): Diagnostic[] {
  const { name: vmName, desired, live } = input;
  const notes: Diagnostic[] = [];
  const image = IMAGE.filter((name) => isIgnored(name, desired, live) && !sameValue(desired[name], live[name]));
  // A VM that Ghost did not make has no image on record: nothing is known to differ.
  if (image.length > 0 && IMAGE.some((name) => !isEmpty(live[name])))
    notes.push(ignored(vmName, image[0]!, image, "recreate makes the root disk anew, which destroys its content"));
  const cloudInit = CLOUD_INIT.filter((name) => isIgnored(name, desired, live) && !sameValue(desired[name], live[name]));
  if (cloudInit.length > 0) notes.push(ignored(vmName, cloudInit[0]!, cloudInit, "next-boot runs cloud-init again"));
  const newer = image.length === 0 ? newerImage({ live, imageDigest: input.imageDigest ?? "" }, input.images ?? []) : undefined;
  if (newer !== undefined) {
    notes.push({
      code: "IMAGE_NEWER",
      severity: "warning",
      detail: `Image "${newer.name}" of VM "${vmName}" has a newer version on its host. The VM keeps the one it was made from.`,
      path: ["vms", vmName, "image"],
    });
  }
  return notes;
}

/** The image under the name that a VM was made from, where the catalogue has another one by now. */
export function newerImage(
  { live, imageDigest }: { readonly live: VmConfig; readonly imageDigest: string },
  images: readonly ObservedImage[],
): ObservedImage | undefined {
  if (live.image === undefined || imageDigest === "") return undefined;
  return images.find(({ name, digest }) => name === live.image && digest !== "" && digest !== imageDigest);
}

function ignored(vmName: string, first: string, names: readonly string[], remedy: string): Diagnostic {
  const key = DECIDED_BY.get(first)!;
  return {
    code: "CHANGE_IGNORED",
    severity: "warning",
    detail: `${names.join(" and ")} of VM "${vmName}" ${names.length === 1 ? "differs" : "differ"} from what the VM was made with; an existing VM keeps its own (${key}: ignore).`,
    hint: `To change that, set ${key}: ${remedy}.`,
    path: ["vms", vmName, first],
  };
}
