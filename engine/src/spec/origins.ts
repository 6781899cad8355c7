import type { Origin } from "../desired.ts";
import { parseExpressions } from "./expression.ts";
import type { Field, Fields } from "./fields.ts";
import { voidKeys } from "./merge.ts";
import type { Block } from "./sections.ts";
import type { Place } from "./source.ts";
import type { Entry, Node } from "./text/tree.ts";

interface Layer {
  readonly block: Block;
  readonly layer: Origin["layer"];
  readonly name?: string;
}

/** Where each value of a VM or an agent is from, by dotted path; the block itself under the empty path. */
export function traceOrigins(
  fields: Fields,
  block: Block,
  template?: Block,
  layer: Origin["layer"] = "vm",
): Readonly<Record<string, Origin>> {
  const origins = new Map<string, Origin>([["", { at: block.source.locate(block.keyStart), layer }]]);
  if (template !== undefined) trace(origins, { block: template, layer: "template", name: template.key }, fields, [], template.node);
  trace(origins, { block, layer }, fields, [], block.node);
  return Object.fromEntries(origins);
}

/** The place of a value: in the VM's block, or else in its template's; undefined where neither has it. */
export function findPlace(path: readonly string[], block: Block, template?: Block): Place | undefined {
  for (const one of [block, template]) {
    const entry = one === undefined ? undefined : findPath(one.node, path);
    if (entry !== undefined) return { source: one!.source, offset: entry.value.kind === "scalar" ? entry.value.start : entry.keyStart };
  }
  return undefined;
}

function findPath(node: Node, path: readonly string[]): Entry | undefined {
  let [inside, found]: [Node, Entry | undefined] = [node, undefined];
  for (const key of path) {
    found = inside.kind === "map" ? inside.entries.find((entry) => entry.key === key) : undefined;
    if (found === undefined) return undefined;
    inside = found.value;
  }
  return found;
}

function trace(origins: Map<string, Origin>, layer: Layer, fields: Fields, path: readonly string[], node: Node): void {
  if (node.kind !== "map") return;
  for (const key of voidKeys(path, (one) => node.entries.some((entry) => entry.key === one))) origins.delete([...path, key].join("."));
  for (const entry of node.entries) {
    const field = fields.get(entry.key);
    if (field !== undefined) traceEntry(origins, layer, field, [...path, entry.key], entry);
  }
}

function traceEntry(origins: Map<string, Origin>, layer: Layer, field: Field, path: readonly string[], entry: Entry): void {
  origins.set(path.join("."), originOf(layer, entry));
  if (field.isSensitive || entry.value.kind !== "map") return;
  if (field.fields !== undefined) trace(origins, layer, field.fields, path, entry.value);
  if (field.attribute.kind !== "map" || field.of === undefined) return;
  for (const item of entry.value.entries) traceEntry(origins, layer, field.of, [...path, item.key], item);
}

function originOf({ block, layer, name }: Layer, { keyStart, value }: Entry): Origin {
  const at = block.source.locate(value.kind === "scalar" ? value.start : keyStart);
  const variable = value.kind === "scalar" ? onlyVariable(value.text) : undefined;
  if (variable !== undefined) return { at, layer: "variable", name: variable };
  return name === undefined ? { at, layer } : { at, layer, name };
}

/** The variable that the whole text is. */
function onlyVariable(text: string): string | undefined {
  if (!text.startsWith("${var.")) return undefined;
  const { parts } = parseExpressions(text);
  const [part] = parts;
  return parts.length === 1 && typeof part === "object" && part.expression.kind === "variable" ? part.expression.name : undefined;
}
