/** Where Terraform looks for providers on this machine before it asks a registry. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { PROVIDER_HOST, PROVIDER_NAME, PROVIDER_NAMESPACE } from "@ghost/schemas";

export interface Mirror {
  readonly dir: string;
  /** Terraform's own configuration that names it; undefined for the folder that Terraform knows by itself. */
  readonly namedBy?: string;
  /** That configuration says where providers come from, and this folder is not among it. */
  readonly isHiddenBy?: string;
}

/** The mirror that Terraform's CLI configuration names for this provider, else the one that it has in every home. Undefined without a home. */
export async function findMirror(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Promise<Mirror | undefined> {
  const config = configFile(env, platform);
  const installation = config === undefined ? undefined : readInstallation(await readText(config));
  const [named] = installation?.mirrors ?? [];
  if (config !== undefined && named !== undefined) return { dir: named, namedBy: config };
  const dir = impliedDir(env, platform);
  if (dir === undefined) return undefined;
  return { dir, ...(config !== undefined && installation !== undefined && { isHiddenBy: config }) };
}

function configFile(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  const given = env["TF_CLI_CONFIG_FILE"] ?? env["TERRAFORM_CONFIG"];
  if (given !== undefined && given !== "") return given;
  const base = platform === "win32" ? env["APPDATA"] : env["HOME"];
  return base === undefined ? undefined : path.join(base, platform === "win32" ? "terraform.rc" : ".terraformrc");
}

function impliedDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  const base = platform === "win32" ? env["APPDATA"] : env["HOME"];
  return base === undefined || base === "" ? undefined : path.join(base, platform === "win32" ? "terraform.d" : ".terraform.d", "plugins");
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    // Terraform says what it thinks of a configuration that it cannot read; here it is as if there were none.
    return "";
  }
}

/** The mirrors that serve this provider, in their order; undefined where the text has no `provider_installation`. */
function readInstallation(text: string): { readonly mirrors: readonly string[] } | undefined {
  const plain = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*(#|\/\/).*$/gm, "");
  if (!/\bprovider_installation\s*\{/.test(plain)) return undefined;
  const mirrors = [...plain.matchAll(/\bfilesystem_mirror\s*\{([^}]*)\}/g)].flatMap(([, body = ""]) => {
    const dir = /\bpath\s*=\s*"([^"]*)"/.exec(body)?.[1];
    const [include, exclude] = [patterns(body, "include"), patterns(body, "exclude")];
    return dir !== undefined && (include?.some(isOurs) ?? true) && !(exclude ?? []).some(isOurs) ? [dir] : [];
  });
  return { mirrors };
}

function patterns(body: string, name: string): readonly string[] | undefined {
  const list = new RegExp(`\\b${name}\\s*=\\s*\\[([^\\]]*)\\]`).exec(body)?.[1];
  return list === undefined ? undefined : [...list.matchAll(/"([^"]*)"/g)].map(([, pattern = ""]) => pattern);
}

/** `*`/`*`/`*`, `ghost-vm/*` and so on: parts from the right, the host is Terraform's registry where it is left out. */
function isOurs(pattern: string): boolean {
  const parts = pattern.split("/");
  const [name, namespace, host = PROVIDER_HOST] = parts.toReversed();
  return [
    [name, PROVIDER_NAME],
    [namespace, PROVIDER_NAMESPACE],
    [host, PROVIDER_HOST],
  ].every(([wanted, ours]) => wanted === "*" || wanted === ours);
}
