import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PROVIDER_NAME, PROVIDER_SOURCE, problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import { escapeLine } from "../output/escape.ts";
import { fsReason } from "../output/fs-error.ts";
import { installPackage, packageFolder } from "../provider/install.ts";
import type { InstallOutcome } from "../provider/install.ts";
import { findMirror } from "../provider/mirror.ts";
import type { Mirror } from "../provider/mirror.ts";
import { providerPackage, providerPlatform } from "../provider/package.ts";
import type { PackageFile, ProviderOs } from "../provider/package.ts";
import type { Session } from "../terminal/session.ts";
import { VERSION } from "../version.ts";

const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const TEXT = { usage: "ghost provider install", summary: "" };
const DONE: Readonly<Record<InstallOutcome, string>> = {
  installed: "is installed",
  replaced: "is installed anew, in place of another build of this version",
  present: "is installed already",
};

export const providerInstall: Command = defineCommand({
  description:
    "Copies the provider that comes with this Ghost to where Terraform looks before it asks a registry: the mirror that Terraform's CLI configuration names, else ~/.terraform.d/plugins. Other versions are left alone. Prints the HCL that uses it.",
  options: {
    dir: { kind: "string", value: "DIR", doc: "A filesystem mirror of your own, in place of the one that Terraform knows." },
    version: { kind: "string", value: "VERSION", doc: "Version to install it as; that of this Ghost when not given." },
    ...OUTPUT,
  },
  examples: [
    { run: "ghost provider install", does: "for all configurations of this user" },
    { run: "ghost provider install > provider.tf", does: "and begin a configuration" },
    { run: "ghost provider install --dir ./mirror", does: "into a mirror that other machines use too" },
  ],
  async run({ options: { dir, version = VERSION } }, session) {
    if (!SEMVER.test(version)) throw usageProblem(`"${version}" is no version.`, TEXT, "Give one like 1.2.3 or 1.2.3-dev.");
    const platform = providerPlatform(process.platform, process.arch);
    if (platform === undefined)
      throw problem("UNSUPPORTED", `The provider is not made for ${process.platform} ${process.arch}.`, {
        hint: "Use Terraform on Linux, macOS or Windows, on an amd64 or arm64 processor; the agents may be anywhere.",
      });
    const files = await bundledPackage(version, platform.split("_")[0] as ProviderOs);
    const mirror = await mirrorFor(dir, session);
    const folder = packageFolder(mirror.dir, version, platform);
    const outcome = await install(folder, files);
    const hcl = configuration(version);
    session.emit({ type: "provider", outcome, source: PROVIDER_SOURCE, version, folder, hcl });
    session.say(`Provider ${PROVIDER_SOURCE} ${version} ${DONE[outcome]}: ${escapeLine(folder)}\n`);
    for (const note of notes(mirror, outcome, dir, session)) session.say(`Note: ${note}\n`);
    session.print(hcl);
    return EXIT.ok;
  },
});

/** What a person pastes; the address is the only thing to change. */
function configuration(version: string): string {
  return `terraform {
  required_providers {
    ${PROVIDER_NAME} = {
      source  = "${PROVIDER_SOURCE}"
      version = "${version}"
    }
  }
}

provider "${PROVIDER_NAME}" {
  stack = "home"
  agents = {
    desk = { address = "unix:/run/ghost/agent.sock" }
  }
}
`;
}

async function bundledPackage(version: string, os: ProviderOs): Promise<readonly PackageFile[]> {
  const bundle = bundleFolder();
  if (bundle === undefined)
    throw problem("PROVIDER_MISSING", "The provider is not part of this installation of Ghost.", {
      hint: isCheckout()
        ? 'Run "npm run bundle" in the checkout first.'
        : "Install the npm package of the release, or unpack the release's zip of the provider into a mirror.",
    });
  return providerPackage(bundle, version, os);
}

/** provider/ beside the programs of a release, seen from a chunk of them or from the one file; in a checkout, what `npm run bundle` made. */
function bundleFolder(): string | undefined {
  const candidates = isCheckout() ? ["../../../dist/release/provider"] : ["./provider", "../provider"];
  return candidates
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
    .find((folder) => existsSync(path.join(folder, "provider.cjs")));
}

function isCheckout(): boolean {
  return !import.meta.url.endsWith(".mjs");
}

async function mirrorFor(dir: string | undefined, session: Session): Promise<Mirror> {
  if (dir !== undefined) return { dir: path.resolve(session.cwd, dir) };
  const mirror = await findMirror(session.env);
  if (mirror === undefined)
    throw problem("FILE_NOT_WRITABLE", "There is no home folder to install the provider in: HOME is not set.", {
      hint: "Give --dir, and name that folder as filesystem_mirror in Terraform's CLI configuration.",
    });
  return { ...mirror, dir: path.resolve(session.cwd, mirror.dir) };
}

async function install(folder: string, files: readonly PackageFile[]): Promise<InstallOutcome> {
  try {
    return await installPackage(folder, files);
  } catch (error) {
    throw problem("FILE_NOT_WRITABLE", `The provider cannot be written to ${folder}: ${fsReason(error)}.`, {
      hint: "Give --dir with a folder that you may write, and name it as filesystem_mirror in Terraform's CLI configuration.",
    });
  }
}

function notes(
  { dir, namedBy, isHiddenBy }: Mirror,
  outcome: InstallOutcome,
  asked: string | undefined,
  session: Session,
): readonly string[] {
  const block = `provider_installation { filesystem_mirror { path = "${dir}" } }`;
  return [
    ...(namedBy === undefined ? [] : [`${escapeLine(namedBy)} names this mirror.`]),
    ...(isHiddenBy === undefined
      ? []
      : [
          `Terraform will not look there, since ${escapeLine(isHiddenBy)} has a provider_installation without it. Add to that: filesystem_mirror { path = "${escapeLine(dir)}" }`,
        ]),
    ...(asked === undefined ? [] : [`Terraform finds it when its CLI configuration (~/.terraformrc) has: ${escapeLine(block)}`]),
    ...(outcome === "replaced"
      ? ['A lock file has the checksum of the build that was there; "terraform init -upgrade" takes the new one.']
      : []),
    ...(findsThisNode(session.env)
      ? []
      : [
          `Terraform starts the provider on the "node" of your PATH, which has to be 24 or newer. This one is: export GHOST_NODE=${escapeLine(process.execPath)}`,
        ]),
  ];
}

/**
 * True when the launcher would start the provider on the Node that runs this, which is new enough. Folders that npx and
 * `npm run` put in front are not on the PATH that Terraform has.
 */
function findsThisNode(env: NodeJS.ProcessEnv): boolean {
  if ((env["GHOST_NODE"] ?? "") !== "") return true;
  const name = process.platform === "win32" ? "node.exe" : "node";
  const found = (env["PATH"] ?? "")
    .split(path.delimiter)
    .filter((folder) => !folder.endsWith(path.join("node_modules", ".bin")))
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
  return found !== undefined && realpathSync(found) === realpathSync(process.execPath);
}
