import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { escapeLine } from "../output/escape.ts";
import { fsReason } from "../output/fs-error.ts";

export const SPEC_FILE = "ghost.yaml";

/** What a new spec says: one VM on a simulated host, and the next things a person will look for as comments. */
export const NEW_SPEC = `# Virtual machines, and the hosts they run on. "ghost plan" says what would change, "ghost apply" does it.
ghost: 1 # version of the spec's language
stack: home # whose the machines are; another spec of this name would be the same stack

agents:
  desk:
    # host:port, unix:/path, or embedded:DIR: an agent on this machine over a simulated host, to try things out.
    address: embedded:.ghost/desk
    # tls: { ca: pki/ca.pem, cert: pki/me.pem, key: pki/me.key }

templates:
  small: # values that VMs share; what a VM sets itself wins
    image: debian-12
    vcpu: 1
    ram_gb: 1
    disk_gb: 10

vms:
  web:
    agent: desk
    template: small
    ram_max_gb: 4 # up to here memory changes while the machine runs
    # replicas: 2             # makes web-1 and web-2
    # labels: { role: web }
    # disks: { data: { size_gb: 20 } }
    # ssh_keys: ["ssh-ed25519 AAAA… me@desk"]
    # cloud_init: { packages: [nginx] }
    # protect: true           # refuse whatever deletes it
    # depends_on: [db]
`;

export const init: Command = defineCommand({
  description: "Writes a commented ghost.yaml. A file that is there is never overwritten.",
  positionals: [{ name: "FOLDER", doc: "Where to; this folder when not given." }],
  options: OUTPUT,
  examples: [
    { run: "ghost init", does: "write ghost.yaml into this folder" },
    { run: "ghost init lab && cd lab && ghost plan", does: "into a new folder, and look what it would make" },
  ],
  async run({ positionals: [folder = "."] }, session) {
    const file = path.join(folder, SPEC_FILE);
    try {
      await makeFolder(path.resolve(session.cwd, folder));
      await writeFile(path.resolve(session.cwd, file), NEW_SPEC, { flag: "wx" });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST")
        throw problem("FILE_NOT_WRITABLE", `${file} is there already; it is not overwritten.`, {
          hint: "Give another folder: ghost init FOLDER.",
        });
      throw problem("FILE_NOT_WRITABLE", `${file} cannot be written: ${fsReason(error)}.`, { hint: "Give a folder that you may write." });
    }
    session.emit({ type: "file", file });
    session.print(`${escapeLine(file)} is written.\n`);
    session.say(`Next: ghost plan${folder === "." ? "" : ` -f ${escapeLine(folder)}`}\n`);
    return EXIT.ok;
  },
});

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
