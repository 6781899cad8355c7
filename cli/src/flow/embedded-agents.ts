/** Embedded agents that a command line means: by `--dir`, or through the spec's `embedded:DIR` addresses. */
import { problem } from "@ghost/schemas";
import { embeddedFolder } from "../agents/reach.ts";
import type { Session } from "../terminal/session.ts";
import type { SpecOptions } from "./spec.ts";
import { readSpec } from "./spec.ts";

export interface EmbeddedAgent {
  readonly name: string;
  readonly dir: string;
}

/** All of them in the spec. */
export async function embeddedAgents(flags: SpecOptions, session: Session): Promise<readonly EmbeddedAgent[]> {
  const { desired } = await readSpec(flags, session);
  return desired.agents.flatMap(({ name, address }) => {
    const dir = embeddedFolder(address, session.cwd);
    return dir === undefined ? [] : [{ name, dir }];
  });
}

/** The one of this name. Throws USAGE where the spec has none that is simulated. */
export async function embeddedAgent(name: string, flags: SpecOptions, session: Session): Promise<EmbeddedAgent> {
  const agents = await embeddedAgents(flags, session);
  const found = agents.find((agent) => agent.name === name);
  if (found !== undefined) return found;
  throw problem(
    "USAGE",
    `The spec has no agent "${name}" with an embedded:DIR address, so there is no simulated host to be found through it.`,
    {
      hint:
        agents.length === 0
          ? "Give the folder of the simulated host with --dir."
          : `Simulated are ${agents.map((agent) => agent.name).join(", ")}; or give the folder with --dir.`,
    },
  );
}
