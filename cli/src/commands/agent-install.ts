import { existsSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { GhostError, problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { AGENT_CONFIG_PATH } from "../flow/agent-config.ts";
import { escapeLine } from "../output/escape.ts";
import { fsReason } from "../output/fs-error.ts";
import { AGENT_YAML } from "../service/agent-yaml.ts";
import { putFile, putFolder } from "../service/install.ts";
import type { Outcome, WantedFile } from "../service/install.ts";
import { UNIT_NAME, unitText } from "../service/unit.ts";
import type { Session } from "../terminal/session.ts";

const UNIT_PATH = `/etc/systemd/system/${UNIT_NAME}`;
const DATA_DIR = "/var/lib/ghost";
/** Where the directory pools of most systems are. */
const POOL_DIR = "/var/lib/libvirt/images";
const WORDS: Readonly<Record<Outcome, string>> = {
  written: "written",
  updated: "brought up to date",
  unchanged: "is as it should be",
  kept: "is there and stays as it is",
};

export const agentInstall: Command = defineCommand({
  description:
    "Writes a service of systemd, an agent.yaml where there is none, and the agent's folders. Starts nothing: it prints the commands that do. Doing it again changes nothing, or brings the service to this release.",
  options: {
    config: { kind: "string", value: "FILE", doc: `The agent's configuration; ${AGENT_CONFIG_PATH} when not given.` },
    "dry-run": { kind: "boolean", doc: "Print what would be written, and write nothing." },
    root: { kind: "string", value: "DIR", doc: "Write below this folder, as a package does; the paths inside stay the same." },
    uninstall: { kind: "boolean", doc: "Remove the service; agent.yaml, records and disks stay." },
    ...OUTPUT,
  },
  examples: [
    { run: "sudo ghost agent install", does: "an agent that starts with this machine" },
    { run: "ghost agent install --dry-run", does: "read before what would be written" },
  ],
  async run({ options }, session) {
    const root = options.root === undefined ? "/" : path.resolve(session.cwd, options.root);
    const dryRun = options["dry-run"];
    if (process.platform !== "linux" && options.root === undefined && !dryRun)
      throw problem("UNSUPPORTED", `Services of systemd are there on Linux; this is ${process.platform}.`, {
        hint: "Run the agent by hand: ghost agent run.",
      });
    if (options.uninstall) return uninstall(root, dryRun, session);

    const configPath = options.config === undefined ? AGENT_CONFIG_PATH : path.resolve(session.cwd, options.config);
    const { folders, writable } = await foldersOf(root, configPath, session);
    const command = [process.execPath, program()];
    const files: readonly WantedFile[] = [
      { path: UNIT_PATH, text: unitText({ command, configPath, writable }), mode: 0o644, keep: false },
      { path: configPath, text: AGENT_YAML, mode: 0o640, keep: true },
    ];
    for (const file of files) {
      const outcome = putFile(root, file, dryRun);
      session.emit({ type: "file", path: file.path, outcome, dry_run: dryRun, ...(dryRun && { text: file.text }) });
      session.say(
        `${escapeLine(path.join(root, file.path))} ${dryRun && outcome !== "kept" && outcome !== "unchanged" ? "would be " : ""}${WORDS[outcome]}.\n`,
      );
      if (dryRun && outcome !== "kept") session.print(`# ${file.path}\n${file.text}\n`);
    }
    for (const folder of folders) {
      const isNew = putFolder(root, folder, dryRun);
      session.emit({ type: "folder", path: folder, made: isNew, dry_run: dryRun });
      if (isNew) session.say(`${escapeLine(path.join(root, folder))} ${dryRun ? "would be " : ""}made.\n`);
    }
    for (const each of command)
      if (/^\/(tmp|var\/tmp)\//.test(each))
        session.say(
          `Note: ${escapeLine(each)} is in a folder that the service cannot see, and that is emptied. Install Ghost elsewhere.\n`,
        );
    session.say(root === "/" ? "\nNow:\n" : "\nOn the machine that gets them:\n");
    session.print("sudo systemctl daemon-reload\nsudo systemctl enable --now ghost-agent\nsudo ghost agent doctor\n");
    return EXIT.ok;
  },
});

/** By the agent.yaml that is there, or the one that will be. Throws what is wrong with it. */
async function foldersOf(
  root: string,
  configPath: string,
  session: Session,
): Promise<{ readonly folders: readonly string[]; readonly writable: readonly string[] }> {
  const file = path.join(root, configPath);
  if (!existsSync(file)) return { folders: [DATA_DIR], writable: [DATA_DIR] };
  const { loadAgentConfig } = await import("@ghost/agent/run");
  const { config, warnings } = await loadAgentConfig(file, {});
  session.report(warnings);
  const { dataDir, libvirt, logging } = config;
  const logDir = logging.file === undefined ? [] : [path.dirname(logging.file.path)];
  const folders = [...new Set([dataDir, libvirt.imageCache])];
  const { storagePool, uri } = libvirt;
  // With a root the libvirt is another machine's.
  const pool = storagePool === undefined ? [] : [root === "/" ? await poolFolder(uri, storagePool, session) : POOL_DIR];
  const all = [...folders, ...logDir, ...pool];
  const isInside = (folder: string): boolean => all.some((other) => folder.startsWith(`${other}/`));
  return { folders: folders.filter((folder) => !isInside(folder)), writable: [...new Set(all)].filter((folder) => !isInside(folder)) };
}

async function poolFolder(uri: string, name: string, session: Session): Promise<string> {
  const { findPoolFolder } = await import("@ghost/agent/run");
  const found = await findPoolFolder(uri, name).catch((reason: unknown) => ({ silent: GhostError.from(reason) }));
  if ("folder" in found) return found.folder;
  session.say(
    `Note: where the storage pool ${escapeLine(name)} is, libvirt does not say: ${escapeLine(found.silent.message)} The service may write ${POOL_DIR}; if it is elsewhere, run this again when libvirt answers.\n`,
  );
  return POOL_DIR;
}

function uninstall(root: string, dryRun: boolean, session: Session): typeof EXIT.ok {
  const file = path.join(root, UNIT_PATH);
  const isThere = existsSync(file);
  try {
    if (isThere && !dryRun) rmSync(file);
  } catch (reason) {
    throw problem(
      "FILE_NOT_WRITABLE",
      `${file} cannot be removed: ${fsReason(reason)}.`,
      { hint: "Run it as root: sudo ghost agent install --uninstall." },
      { cause: reason },
    );
  }
  session.emit({ type: "file", path: UNIT_PATH, outcome: isThere ? "removed" : "absent", dry_run: dryRun });
  session.say(
    `${UNIT_PATH} ${isThere ? (dryRun ? "would be removed" : "is removed") : "is not there"}. agent.yaml, records, images and disks stay.\n\nNow:\n`,
  );
  // "disable --now" would read the unit anew before it stops it, and stop it without what the unit says of that.
  session.print("sudo systemctl stop ghost-agent\nsudo systemctl disable ghost-agent\n");
  return EXIT.ok;
}

/** This program, however it was named when it was started. */
function program(): string {
  const started = process.argv[1] ?? "";
  return existsSync(started) ? realpathSync(started) : started;
}
