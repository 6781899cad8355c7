import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { PROVIDER_NAME } from "@ghost/schemas";

/** Terraform's names of operating systems and processors. */
export type ProviderOs = "linux" | "darwin" | "windows";
export type ProviderArch = "amd64" | "arm64";

export interface PackageFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

const LAUNCHER = `terraform-provider-${PROVIDER_NAME}`;
const LAUNCHER_WINDOWS = `${LAUNCHER}.bat`;
const OS_NAMES: Partial<Readonly<Record<NodeJS.Platform, ProviderOs>>> = { linux: "linux", darwin: "darwin", win32: "windows" };
const ARCH_NAMES: Readonly<Record<string, ProviderArch>> = { x64: "amd64", arm64: "arm64" };

/** `linux_amd64`; undefined for a platform that the provider is not packed for. */
export function providerPlatform(platform: NodeJS.Platform, arch: string): `${ProviderOs}_${ProviderArch}` | undefined {
  const [os, cpu] = [OS_NAMES[platform], ARCH_NAMES[arch]];
  return os === undefined || cpu === undefined ? undefined : `${os}_${cpu}`;
}

/**
 * The provider as one platform's package, from the folder that `npm run bundle` writes. A release's zip and what
 * `ghost provider install` writes are the same bytes: their hash is what a configuration's lock file has, on every
 * machine. Only the launcher is named so that Terraform takes it for the provider.
 */
export async function providerPackage(bundle: string, version: string, os: ProviderOs): Promise<readonly PackageFile[]> {
  const [wanted, other] = os === "windows" ? [LAUNCHER_WINDOWS, LAUNCHER] : [LAUNCHER, LAUNCHER_WINDOWS];
  const names = (await readdir(bundle)).filter((name) => name !== other).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      name: name === wanted ? wanted.replace(LAUNCHER, `${LAUNCHER}_v${version}`) : name,
      bytes: await readFile(path.join(bundle, name)),
      executable: name === wanted,
    })),
  );
}
