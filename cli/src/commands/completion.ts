import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { completionScript, SHELLS } from "../command/completion.ts";
import type { Shell } from "../command/completion.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";

export const completion: Command = defineCommand({
  description: "The script holds every command and option of this version; make it again after an update.",
  positionals: [{ name: "SHELL", doc: `One of ${SHELLS.join(", ")}.`, required: true, oneOf: SHELLS }],
  options: OUTPUT,
  examples: [
    { run: "source <(ghost completion bash)", does: "in ~/.bashrc" },
    { run: "source <(ghost completion zsh)", does: "in ~/.zshrc" },
    { run: "ghost completion fish > ~/.config/fish/completions/ghost.fish", does: "for fish" },
  ],
  async run({ positionals: [shell] }, session) {
    const { COMMANDS, GHOSTCTL_COMMANDS } = await import("./index.ts");
    for (const [program, entries] of [
      ["ghost", COMMANDS],
      ["ghostctl", GHOSTCTL_COMMANDS],
    ] as const) {
      const loaded = await Promise.all(entries.map(async (entry) => ({ ...entry, command: await entry.load() })));
      session.printRaw(completionScript(shell as Shell, program, loaded));
    }
    return EXIT.ok;
  },
});
