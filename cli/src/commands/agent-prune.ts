/** Images that nothing uses any more: what they are, and making room. */
import type { ObservedImage } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { openFleet } from "../flow/fleet.ts";
import { ADDRESS, agentsOf } from "../flow/one-agent.ts";
import { escapeLine } from "../output/escape.ts";
import { plural } from "../output/plan-model.ts";
import { renderTable } from "../output/table.ts";
import { formatSize } from "../progress/words.ts";
import { confirm } from "../terminal/confirm.ts";
import type { Session } from "../terminal/session.ts";

const DIGEST_CHARS = "sha256:".length + 12;

interface Found {
  readonly agent: string;
  readonly removed: readonly ObservedImage[];
  readonly bytes: number;
}

export const agentPrune: Command = defineCommand({
  description:
    "Removes the cached images that no disk, VM or template of the agent stands on, and what is left of broken downloads. An image that is wanted again is fetched again. Not done while operations run.",
  options: {
    "dry-run": { kind: "boolean", doc: "Tell what would be removed, and remove nothing." },
    yes: { kind: "boolean", alias: "y", doc: "Do not ask." },
    ...SPEC,
    ...ADDRESS,
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost agent prune --dry-run", does: "what could go, on the agents of the spec" },
    { run: "ghost agent prune --address unix:/var/lib/ghost/agent.sock --yes", does: "make room on one host" },
  ],
  async run({ options }, session) {
    const dryRun = options["dry-run"];
    const asks = session.facts.canAsk && !options.yes;
    if (!dryRun && !asks && !options.yes)
      throw problem("CONFIRMATION_NEEDED", "Nobody can be asked here, and ghost agent prune removes images.", {
        hint: "Say so with --yes, or look first with --dry-run.",
      });
    await using fleet = openFleet(session, { reading: true });
    const agents = await agentsOf(options, session);
    const all = async (isTold: boolean): Promise<readonly Found[]> => {
      const found: Found[] = [];
      for (const agent of agents) {
        const client = await fleet.connect(agent);
        found.push({
          agent: agent.name,
          ...(await client.pruneImages({ dryRun: isTold, timeoutMs: agent.timeoutMs, signal: session.stop })),
        });
      }
      return found;
    };
    if (dryRun || asks) {
      const found = await all(true);
      showImages(found, session);
      const bytes = found.reduce((sum, each) => sum + each.bytes, 0);
      if (dryRun || bytes === 0) return tell(found, dryRun, session);
      if (!(await confirm(session, `Remove ${formatSize(bytes)} of images?`, "yes"))) {
        session.say("Nothing was removed.\n");
        return session.stop.aborted ? EXIT.interrupted : EXIT.error;
      }
      return tell(await all(false), false, session);
    }
    const found = await all(false);
    showImages(found, session);
    return tell(found, false, session);
  },
});

function showImages(found: readonly Found[], session: Session): void {
  const rows = found.flatMap(({ agent, removed }) =>
    removed.map(({ name, digest, sizeBytes }) => [agent, name, digest.slice(0, DIGEST_CHARS), formatSize(sizeBytes)]),
  );
  if (rows.length > 0) session.print(renderTable(["agent", "image", "digest", "size"], rows, session.result));
}

function tell(found: readonly Found[], dryRun: boolean, session: Session): typeof EXIT.ok {
  for (const { agent, removed, bytes } of found) {
    const images = removed.map(({ name, digest, sizeBytes }) => ({ name, digest, size_bytes: sizeBytes }));
    session.emit({ type: "pruned", agent, dry_run: dryRun, removed: images, bytes });
    const what = `${plural(removed.length, "image")}, ${formatSize(bytes)}`;
    session.print(
      `${escapeLine(agent)}: ${bytes === 0 ? "nothing to remove" : dryRun ? `${what} would be removed` : `${what} removed`}.\n`,
    );
  }
  return EXIT.ok;
}
