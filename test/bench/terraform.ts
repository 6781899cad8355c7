import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

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

/** A configuration with `count` resources of the builtin `terraform_data`, which do nothing, in `dir`: one block each, as a spec has its VMs. */
export async function writeTerraformData(dir: string, count: number): Promise<void> {
  const blocks = Array.from({ length: count }, (_, index) => `resource "terraform_data" "vm-${index}" {\n  input = "vm-${index}"\n}\n`);
  await writeFile(path.join(dir, "main.tf"), blocks.join(""));
  execFileSync("terraform", ["init", "-input=false", "-no-color"], { cwd: dir, stdio: "ignore" });
}

export async function dropTerraformState(dir: string): Promise<void> {
  await rm(path.join(dir, "terraform.tfstate"), { force: true });
  await rm(path.join(dir, "terraform.tfstate.backup"), { force: true });
}
