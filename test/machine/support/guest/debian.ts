import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const LIBRARY = /^(?:lib|zlib)/;

/** `NAME=VERSION` of these packages and of the libraries they need, as the machine's package lists have them today. */
export async function findPackages(names: readonly string[]): Promise<readonly string[]> {
  const { stdout: tree } = await run("apt-cache", [
    "depends",
    "--recurse",
    ...["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((relation) => `--no-${relation}`),
    ...names,
  ]);
  const needs = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of tree.split("\n")) {
    const needed = /^ .*Depends: ([^\s<]+)$/.exec(line)?.[1];
    if (/^[a-z0-9]/.test(line)) needs.set(line, (current = []));
    else if (needed !== undefined) current.push(needed);
  }
  const all = new Set(names);
  for (const name of all) for (const needed of needs.get(name) ?? []) if (LIBRARY.test(needed)) all.add(needed);
  const { stdout: policy } = await run("apt-cache", ["policy", ...all]);
  const versions = [...policy.matchAll(/^(\S+):\n(?: .*\n)*? +Candidate: (\S+)$/gm)].map(([, name, version]) => `${name}=${version}`);
  const missing = [...all].filter((name) => !versions.some((each) => each.startsWith(`${name}=`) && !each.endsWith("=(none)")));
  if (missing.length > 0) throw new Error(`apt has no package ${missing.join(", ")}; \`apt-get update\` may help.`);
  return versions.sort();
}

/** Asks what versions there are by now. False when that cannot be done here. */
export async function refreshLists(): Promise<boolean> {
  return await run("apt-get", ["-q", "update"]).then(
    () => true,
    () => false,
  );
}

/** What the one package of this name depends on whose name starts so: the kernel behind a name that always means the newest. */
export async function findDependency(name: string, start: string): Promise<string> {
  const { stdout } = await run("apt-cache", ["depends", name]);
  const found = /^ +Depends: (\S+)$/m.exec(stdout)?.[1];
  if (found?.startsWith(start) !== true) throw new Error(`The package ${name} depends on no ${start}….`);
  return found;
}

/** Fetches packages and unpacks them below the folder, as if it were the root of a system; nothing is installed. */
export async function unpackPackages(packages: readonly string[], folder: string): Promise<void> {
  const archives = path.join(folder, "var/archives");
  await mkdir(archives, { recursive: true });
  await run("apt-get", ["-q", "download", ...packages], { cwd: archives });
  for (const file of await readdir(archives)) await run("dpkg-deb", ["-x", path.join(archives, file), folder]);
}

const LIBRARY_FOLDERS = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];
const LOADER = "lib64/ld-linux-x86-64.so.2";

/** What runs a program out of such a folder with the libraries that are there. */
function loader(folder: string): readonly [string, readonly string[]] {
  return [path.join(folder, LOADER), ["--library-path", LIBRARY_FOLDERS.map((each) => path.join(folder, each)).join(":")]];
}

/** Runs a program of the folder. */
export async function runUnpacked(folder: string, program: string, ...args: readonly string[]): Promise<void> {
  const [command, options] = loader(folder);
  await run(command, [...options, path.join(folder, program), ...args], { env: { ...process.env, MTOOLS_SKIP_CHECK: "1" } });
}

/** The libraries that a program of the folder is loaded with, its loader among them, as paths in the folder. */
export async function librariesOf(folder: string, program: string): Promise<readonly string[]> {
  const [command, options] = loader(folder);
  const { stdout } = await run(command, [...options, "--list", path.join(folder, program)]);
  const found = [...stdout.matchAll(/=> (\/\S+)/g)].map(([, file = ""]) => path.relative(folder, file));
  return found.length === 0 ? [] : [...found.filter((file) => file !== LOADER), LOADER];
}
