/*
 * What must hold between the values of one VM; the values themselves are right. A spec and Terraform's configuration
 * are held to the same: only where a value stands is told in another way.
 */
import type { DiagnosticCode, VmConfig } from "@ghost/schemas";
import { vm as vmType } from "@ghost/schemas";
import { quote } from "./display.ts";

type Path = readonly string[];

export interface ConfigProblem {
  readonly code: Extract<DiagnosticCode, "SPEC_MISSING_KEY" | "SPEC_CONFLICT" | "SPEC_BAD_NAME">;
  /** The attribute that is missing or wrong, or the second of two that contradict each other. */
  readonly path: Path;
  /** The first of those two. */
  readonly with?: Path;
  /** What is there and needs the missing one; the VM itself when it is empty. */
  readonly for?: Path;
  /** Without the full stop. */
  readonly sentence: string;
  readonly hint: string;
}

export interface ConfigFacts {
  readonly name: string;
  /** True when somebody wrote a value there, right or wrong or not known yet. */
  readonly isSet: (path: Path) => boolean;
  /** False for a VM that is there already, or whose image comes from somewhere else. */
  readonly needsImage: boolean;
}

const IMAGE_KEYS = ["image", "image_url", "image_path"] as const;
/** What the built-in defaults give, for a comparison with a value that is set. */
const { vcpu, ram_gb: ramGb } = vmType.attributes;
const NOTHING: readonly never[] = [];

/** Every contradiction in a VM, and what it lacks. */
export function checkConfig(config: VmConfig, facts: ConfigFacts): readonly ConfigProblem[] {
  // Most VMs have one image and no more of what is looked at here.
  if (isPlain(config)) return NOTHING;
  return [...checkImage(config, facts), ...checkHeadroom(config, facts), ...checkDisks(config, facts), ...checkNetworks(config, facts)];
}

function isPlain(config: VmConfig): boolean {
  return (
    config.image !== undefined &&
    config.image_url === undefined &&
    config.image_path === undefined &&
    config.image_sha256 === undefined &&
    config.vcpu_max === undefined &&
    config.ram_max_gb === undefined &&
    config.disks === undefined &&
    config.networks === undefined
  );
}

function* checkImage(config: VmConfig, { name, isSet, needsImage }: ConfigFacts): Generator<ConfigProblem> {
  const written = IMAGE_KEYS.filter((key) => config[key] !== undefined);
  const [first, second] = written;
  if (first === undefined && needsImage && !IMAGE_KEYS.some((key) => isSet([key]))) {
    yield {
      code: "SPEC_MISSING_KEY",
      path: ["image"],
      sentence: `VM ${quote(name)} has no image to make its root disk from`,
      hint: "Add image: debian-12, or image_url with image_sha256, or image_path.",
    };
  }
  if (first !== undefined && second !== undefined) {
    yield {
      code: "SPEC_CONFLICT",
      path: [second],
      with: [first],
      sentence: `VM ${quote(name)} has both ${first} and ${second}, and one root disk`,
      hint: `Remove ${written.slice(1).join(" and ")}, or ${first}.`,
    };
  } else if (first === "image" && config.image_sha256 !== undefined) {
    yield {
      code: "SPEC_CONFLICT",
      path: ["image_sha256"],
      with: ["image"],
      sentence: `VM ${quote(name)} has image_sha256 for an image of the catalogue, which has its own digest`,
      hint: "Remove image_sha256, or name the image with image_url.",
    };
  } else if (first === "image_url" && config.image_sha256 === undefined && !isSet(["image_sha256"])) {
    yield {
      code: "SPEC_MISSING_KEY",
      path: ["image_sha256"],
      for: ["image_url"],
      sentence: `VM ${quote(name)} has image_url without image_sha256: nobody could tell whether the image is the one that was meant`,
      hint: "Add image_sha256 with the digest from the image's checksum file.",
    };
  }
}

function* checkHeadroom(config: VmConfig, { name }: ConfigFacts): Generator<ConfigProblem> {
  for (const [key, maxKey, fallback, unit] of [
    ["vcpu", "vcpu_max", vcpu.default, ""],
    ["ram_gb", "ram_max_gb", ramGb.default, " GiB"],
  ] as const) {
    const [value, max] = [config[key] ?? fallback, config[maxKey]];
    // What is not known yet is no number.
    if (typeof max !== "number" || typeof value !== "number" || max >= value) continue;
    yield {
      code: "SPEC_CONFLICT",
      path: [maxKey],
      with: [key],
      sentence: `VM ${quote(name)} has ${key} ${value}${unit}, above ${maxKey} ${max}${unit}`,
      hint: `Set ${maxKey} to at least ${value}, or remove it.`,
    };
  }
}

function* checkDisks({ disks = {} }: VmConfig, { name, isSet }: ConfigFacts): Generator<ConfigProblem> {
  if (disks["root"] !== undefined) {
    yield {
      code: "SPEC_BAD_NAME",
      path: ["disks", "root"],
      for: ["disks", "root"],
      sentence: `A disk of VM ${quote(name)} has the name of its root disk, "root"`,
      hint: "Give it another name; the size of the root disk is disk_gb.",
    };
  }
  for (const [disk, { size_gb: sizeGb }] of Object.entries<Partial<NonNullable<VmConfig["disks"]>[string]>>(disks)) {
    if (sizeGb !== undefined || isSet(["disks", disk, "size_gb"])) continue;
    yield {
      code: "SPEC_MISSING_KEY",
      path: ["disks", disk, "size_gb"],
      for: ["disks", disk],
      sentence: `Disk ${quote(disk)} of VM ${quote(name)} has no size`,
      hint: `Add size_gb: disks: { ${disk}: { size_gb: 20 } }`,
    };
  }
}

function* checkNetworks({ networks = {} }: VmConfig, { name }: ConfigFacts): Generator<ConfigProblem> {
  for (const [card, { network, bridge }] of Object.entries(networks)) {
    if (network === undefined || bridge === undefined) continue;
    yield {
      code: "SPEC_CONFLICT",
      path: ["networks", card, "bridge"],
      with: ["networks", card, "network"],
      sentence: `VM ${quote(name)} has a card ${quote(card)} with both a network and a bridge`,
      hint: "Remove one of the two.",
    };
  }
}
