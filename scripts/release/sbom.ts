import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";
import { ROOT } from "../bundle/common.ts";
import { bundledPackages } from "../bundle/notices.ts";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly externalReferences?: readonly { readonly type: string; readonly url: string }[];
}

interface Bom {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * What the bundles are made of, as CycloneDX: of all that npm knows, what is really in them, and the Node that the
 * standalone executable has inside. Where a package was downloaded from is a matter of this machine's npm and is left
 * out, and so are time and chance: the same bundles give the same text.
 */
export function softwareBillOfMaterials(metafiles: readonly Metafile[]): string {
  const bom = JSON.parse(npm("sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only")) as Bom;
  const { timestamp: _, ...metadata } = bom.metadata;
  const product = { ...metadata.component, name: "ghost" };
  const kept = new Set(bundledPackages(metafiles).map(packageId));
  const components = bom.components.filter((component) => kept.has(component["bom-ref"]) || component["bom-ref"].startsWith("@ghost/"));
  const missing = [...kept].filter((ref) => !components.some((component) => component["bom-ref"] === ref));
  if (missing.length > 0) throw new Error(`npm sbom does not know what is bundled: ${missing.join(", ")}`);
  const refs = new Set([product["bom-ref"], ...components.map((component) => component["bom-ref"])]);
  const content = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { ...metadata, component: product },
    components: [...components.map(withoutOrigin), node()],
    dependencies: bom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
  };
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return `${JSON.stringify({ ...content, serialNumber: uuidOf(digest) }, undefined, 2)}\n`;
}

function npm(...args: readonly string[]): string {
  const stdio = ["ignore", "pipe", "inherit"] as const;
  return execFileSync("npm", [...args, "--loglevel=error"], { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26, stdio: [...stdio] });
}

function packageId(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(path.join(ROOT, folder, "package.json"), "utf8")) as { name: string; version: string };
  return `${name}@${version}`;
}

function withoutOrigin(component: Component): Component {
  return { ...component, externalReferences: (component.externalReferences ?? []).filter(({ type }) => type !== "distribution") };
}

function node(): object {
  const { node: version } = process.versions;
  return {
    "bom-ref": `node@${version}`,
    type: "platform",
    name: "node",
    version,
    purl: `pkg:generic/node@${version}`,
    licenses: [{ license: { id: "MIT" } }],
  };
}

/** A UUID of version 8, whose bits are free. */
function uuidOf(digest: string): string {
  return `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
