/** `depends_on`: what it names exists, and nobody waits for themselves. */
import { quote } from "./display.ts";
import { findPlace } from "./origins.ts";
import type { Reading } from "./scope.ts";
import type { Block } from "./sections.ts";
import type { Place } from "./source.ts";
import { describePlace } from "./source.ts";
import { didYouMean } from "./suggest.ts";
import type { Node } from "./text/tree.ts";
import { findEntry } from "./text/tree.ts";
import type { ResolvedVm } from "./vm-blocks.ts";

/** Checks the links between the blocks of `vms`. */
export function checkOrder(reading: Reading, blocks: ReadonlyMap<string, Block>, vms: readonly ResolvedVm[]): void {
  const links = new Map<string, readonly string[]>();
  for (const vm of vms) {
    if (vm.dependsOn.length === 0) continue;
    links.set(vm.key, [...new Set([...(links.get(vm.key) ?? []), ...vm.dependsOn.filter((key) => blocks.has(key))])]);
    for (const key of vm.dependsOn) if (!blocks.has(key)) reportUnknown(reading, blocks, vm, key);
  }
  for (const cycle of findCycles(links)) reportCycle(reading, blocks, cycle);
}

/** Circles of links, each once, beginning with the key that comes first in the spec. Takes no recursion: chains may be long. */
function findCycles(links: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const root of links.keys()) {
    if (done.has(root)) continue;
    const path: string[] = [root];
    const onPath = new Set(path);
    const next: number[] = [0];
    while (path.length > 0) {
      const key = path.at(-1)!;
      const target = links.get(key)?.[next[next.length - 1]!++];
      if (target === undefined) {
        done.add(key);
        onPath.delete(key);
        path.pop();
        next.pop();
      } else if (onPath.has(target)) cycles.push(path.slice(path.indexOf(target)));
      else if (!done.has(target)) {
        path.push(target);
        onPath.add(target);
        next.push(0);
      }
    }
  }
  return cycles;
}

function reportUnknown({ report, suggest }: Reading, blocks: ReadonlyMap<string, Block>, vm: ResolvedVm, key: string): void {
  const group = /^(.*)-[0-9]+$/.exec(key)?.[1];
  const hint =
    group !== undefined && blocks.has(group)
      ? `Write ${quote(group)}: it means all its replicas.`
      : (didYouMean(suggest(key, blocks.keys())) ?? "Name a key of vms.");
  report.add(
    "SPEC_UNKNOWN_REFERENCE",
    linkPlace(vm.block, key),
    `VM ${quote(vm.key)} depends on ${quote(key)}, and there is no such block in vms.`,
    { hint, path: ["vms", vm.key, "depends_on"] },
  );
}

function reportCycle({ report }: Reading, blocks: ReadonlyMap<string, Block>, cycle: readonly string[]): void {
  const [first = "", second = first] = cycle;
  const block = blocks.get(first)!;
  const links = cycle.map(
    (key, at) =>
      `${quote(key)} → ${quote(cycle[(at + 1) % cycle.length]!)} (${describePlace(linkPlace(blocks.get(key)!, cycle[(at + 1) % cycle.length]!))})`,
  );
  const shown = links.length > 12 ? [...links.slice(0, 10), `… ${links.length - 11} more …`, links.at(-1)!] : links;
  const what = cycle.length === 1 ? `VM ${quote(first)} waits for itself` : `These ${cycle.length} VMs wait for each other`;
  report.add("SPEC_CYCLE", linkPlace(block, second), `${what}, so none could be first: ${shown.join(", ")}.`, {
    hint: "Remove one of the links.",
    path: ["vms", first, "depends_on"],
  });
}

/** The item of `depends_on` that names the key, or the block where it stands behind an expression. */
function linkPlace(block: Block, key: string): Place {
  const list: Node | undefined = block.node.kind === "map" ? findEntry(block.node, "depends_on")?.value : undefined;
  const item = list?.kind === "list" ? list.items.find((one) => one.kind === "scalar" && one.text === key) : undefined;
  if (item !== undefined) return { source: block.source, offset: item.start };
  return findPlace(["depends_on"], block) ?? { source: block.source, offset: block.keyStart };
}
