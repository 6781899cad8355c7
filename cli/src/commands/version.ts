import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { VERSION, versionLine } from "../version.ts";

export const version: Command = defineCommand({
  options: OUTPUT,
  examples: [
    { run: "ghost version", does: "the version of Ghost and of Node" },
    { run: "ghost version --json", does: "the same for a script" },
  ],
  async run(_, session) {
    session.emit({ type: "version", version: VERSION, node: process.versions.node, platform: process.platform, arch: process.arch });
    session.print(`${versionLine("ghost")}\n`);
    return EXIT.ok;
  },
});
