import { createHash } from "node:crypto";
import { canonicalJson } from "../plan/canonical.ts";
import type { ResolvedAgent } from "./agent-blocks.ts";
import type { ResolvedVm } from "./vm-blocks.ts";

const CHUNK = 32 * 1024;

/**
 * `sha256:<hex>` of what the spec means: the same in whatever order and folder it is written, so that the one who
 * approves a plan and the one who applies it get the same. One VM a line, sorted by name.
 */
export function hashSpec(stack: string, agents: readonly ResolvedAgent[], vms: readonly ResolvedVm[]): string {
  const hash = createHash("sha256");
  const settings = Object.fromEntries(
    agents.map(({ name, written, timeoutMs, settings: own }) => [name, { ...written, timeoutMs, settings: own }]),
  );
  hash.update(canonicalJson({ stack, agents: settings }));
  // A call of the hash costs as much as a VM's text: many of them go in one.
  let text = "";
  for (const vm of vms.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    text += `\n${canonicalJson(meaningOf(vm))}`;
    if (text.length < CHUNK) continue;
    hash.update(text);
    text = "";
  }
  hash.update(text);
  return `sha256:${hash.digest("hex")}`;
}

function meaningOf({ key, agent, config, dependsOn, previousNames, adopt, writtenSecrets }: ResolvedVm): unknown {
  const links = {
    depends_on: dependsOn.length === 0 ? undefined : dependsOn,
    previous_names: previousNames.length === 0 ? undefined : previousNames,
  };
  return { key, agent, config, ...links, adopt: adopt || undefined, secrets: writtenSecrets };
}
