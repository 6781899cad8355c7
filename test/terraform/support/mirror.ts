import { readFileSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PROVIDER_HOST, PROVIDER_NAME, PROVIDER_NAMESPACE } from "@ghost/schemas";
import { bundleProvider } from "../../../scripts/bundle/provider.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Surroundings in which terraform finds the provider in a filesystem mirror, and nothing anywhere else. */
export async function mirrorEnvironment(): Promise<NodeJS.ProcessEnv> {
  const dir = await mirror();
  return { TF_CLI_CONFIG_FILE: path.join(dir, "terraform.rc"), GHOST_NODE: process.execPath, XDG_CACHE_HOME: path.join(dir, "cache") };
}

/** What terraform starts. */
export async function launcher(): Promise<string> {
  return path.join(await mirror(), "mirror", packageFolder(), `terraform-provider-${PROVIDER_NAME}`);
}

let made: Promise<string> | undefined;

/** `npm run test:terraform` makes one for all files; a file that runs alone makes its own. */
function mirror(): Promise<string> {
  const shared = process.env["GHOST_TEST_MIRROR"];
  return (made ??= shared === undefined ? ownMirror() : Promise.resolve(shared));
}

async function ownMirror(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-mirror-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  await makeMirror(dir);
  return dir;
}

/** Lays the provider out in `dir`, as it is released, and beside it the configuration of terraform that names it. */
export async function makeMirror(dir: string): Promise<void> {
  await bundleProvider(path.join(dir, "mirror", packageFolder()));
  await writeFile(
    path.join(dir, "terraform.rc"),
    `provider_installation {\n  filesystem_mirror {\n    path = "${path.join(dir, "mirror")}"\n  }\n}\ndisable_checkpoint = true\n`,
  );
}

function packageFolder(): string {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, "provider/package.json"), "utf8")) as { version: string };
  const platform = `${process.platform}_${ARCHITECTURES[process.arch] ?? process.arch}`;
  return path.join(PROVIDER_HOST, PROVIDER_NAMESPACE, PROVIDER_NAME, version, platform);
}
