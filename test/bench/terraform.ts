import { execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { PROVIDER_SOURCE } from "@ghost/schemas";
import { installPackage, packageFolder } from "../../cli/src/provider/install.ts";
import { providerPackage, providerPlatform } from "../../cli/src/provider/package.ts";

/** Version of the terraform on the PATH; undefined when there is none. */
export function terraformVersion(): string | undefined {
  try {
    const { terraform_version: version } = JSON.parse(
      execFileSync("terraform", ["version", "-json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    ) as { terraform_version: string };
    return version;
  } catch {
    return undefined;
  }
}

/**
 * A configuration with `count` resources of the builtin `terraform_data`, which do nothing, in `dir`: a block for each, as
 * a spec has its VMs, with what the spec says of one.
 */
export async function writeTerraformData(dir: string, count: number): Promise<void> {
  const blocks = Array.from(
    { length: count },
    (_, index) => `resource "terraform_data" "vm-${index}" {
  input = {
    name    = "vm-${index}"
    agent   = "host-${index % 20}"
    image   = "debian-12"
    vcpu    = 1
    ram_gb  = 1
    disk_gb = 10
    labels  = { app = "bench", tier = "front" }
  }
}
`,
  );
  await writeFile(path.join(dir, "main.tf"), blocks.join(""));
  execFileSync("terraform", ["init", "-input=false", "-no-color"], { cwd: dir, stdio: "ignore" });
}

/** Where terraform finds the bundled provider, and on which Node it runs. */
export interface ProviderMirror {
  readonly env: NodeJS.ProcessEnv;
  /** What terraform starts. */
  readonly launcher: string;
}

/** Lays the bundled provider out in a mirror within `dir`. */
export async function makeProviderMirror(dir: string, bundle: string): Promise<ProviderMirror> {
  const { version } = JSON.parse(await readFile(path.join(bundle, "../package.json"), "utf8")) as { version: string };
  const platform = providerPlatform(process.platform, process.arch);
  if (platform === undefined) throw new Error(`there is no provider for ${process.platform} ${process.arch}`);
  const folder = packageFolder(path.join(dir, "mirror"), version, platform);
  const files = await providerPackage(bundle, version, platform.startsWith("windows") ? "windows" : "linux");
  await installPackage(folder, files);
  const config = path.join(dir, "terraform.rc");
  await writeFile(config, `provider_installation {\n  filesystem_mirror {\n    path = "${path.join(dir, "mirror")}"\n  }\n}\n`);
  return {
    env: { TF_CLI_CONFIG_FILE: config, GHOST_NODE: process.execPath, CHECKPOINT_DISABLE: "1" },
    launcher: path.join(folder, files.find(({ executable }) => executable)?.name ?? ""),
  };
}

/** A configuration in `dir` with the VMs that the fleet's spec has. */
export async function writeGhostVms(dir: string, vms: number, addresses: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const agents = addresses.map((address, index) => `    host-${index} = { address = "${address}", timeout_s = 60 }\n`);
  const blocks = Array.from(
    { length: vms },
    (_, index) =>
      `resource "ghost_vm" "vm-${index}" {\n  name    = "vm-${index}"\n  agent   = "host-${index % addresses.length}"\n` +
      `  image   = "debian-12"\n  vcpu    = 1\n  ram_gb  = 1\n  disk_gb = 10\n  labels  = { app = "bench", tier = "front" }\n}\n`,
  );
  await writeFile(
    path.join(dir, "main.tf"),
    `terraform {\n  required_providers {\n    ghost = { source = "${PROVIDER_SOURCE}" }\n  }\n}\n` +
      `provider "ghost" {\n  stack = "bench"\n  agents = {\n${agents.join("")}  }\n}\n${blocks.join("")}`,
  );
  execFileSync("terraform", ["init", "-input=false", "-no-color"], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export async function dropTerraformState(dir: string): Promise<void> {
  await rm(path.join(dir, "terraform.tfstate"), { force: true });
  await rm(path.join(dir, "terraform.tfstate.backup"), { force: true });
}
