/*
 * Lays a YAML text out again, line by line.
 *
 * (1) Only block maps and block lists of single values are taken apart. Whatever has another form (a key with an
 *     anchor, a comment between a key and its text, …) keeps its lines; they are only indented otherwise.
 * (2) The lines between two entries are blank or comments. They belong to the entry below, but for comments that are
 *     indented more than the entries: those close the block above.
 * (3) An entry moves with the lines above it. Lines at the top of the file, down to the last blank one, stay there.
 * (4) An alias means the last anchor of its name above it: in a text with aliases nothing moves.
 */
import type { ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, visit } from "yaml";

/** In which order the keys of a map come; those that are not listed keep their order, behind the others. */
export interface KeyOrder {
  readonly keys: readonly string[];
  /** The order inside the value of a key. */
  readonly inside: (key: string) => KeyOrder | undefined;
}

interface Text {
  readonly text: string;
  readonly lines: readonly string[];
  readonly starts: readonly number[];
}

type BlockMap = YAMLMap<ParsedNode, ParsedNode | null>;

/** One entry of a map with the lines it owns. */
interface Entry {
  readonly name: string;
  /** As it is written. */
  readonly key: string;
  readonly value: ParsedNode | null;
  readonly firstLine: number;
  readonly lastLine: number;
  /** Offset behind the colon, and behind the last character of the value. */
  readonly behindColon: number;
  readonly end: number;
  /** Lines above, without indentation. */
  readonly above: string[];
  /** Comments that close the block of its value, as they are. */
  readonly below: string[];
}

interface Entries {
  readonly entries: readonly Entry[];
  /** Comments that close the map itself, without indentation. */
  readonly closing: readonly string[];
}

const STEP = 2;

/** The text in canonical form, or as it is when it is not one document with a block map. It must be free of errors. */
export function layOut(original: string, order: KeyOrder): string {
  const text = toText(original.replace(/\n[ \t]+$/, "\n"));
  const documents = parseAllDocuments<ParsedNode, true>(text.text, { uniqueKeys: false, version: "1.2", logLevel: "silent" });
  const root = Array.isArray(documents) && documents.length === 1 ? documents[0]?.contents : undefined;
  const isTakenApart = isMap(root) && root.flow !== true && root.anchor === undefined && root.tag === undefined;
  const split = isTakenApart ? splitMap(text, root as BlockMap, -1, text.lines) : undefined;
  if (split === undefined) return original;
  const header = takeHeader(split.entries[0]!);
  const keyOrder = hasAlias(root) ? undefined : order;
  return `${[...header, ...printMap(text, split, keyOrder, 0)].join("\n")}\n`;
}

function hasAlias(root: unknown): boolean {
  let found = false;
  visit(root as ParsedNode, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function toText(text: string): Text {
  const whole = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const lines = whole.split("\n").slice(0, -1);
  const starts: number[] = [];
  let start = 0;
  for (const line of lines) {
    starts.push(start);
    start += line.length + 1;
  }
  return { text: whole, lines, starts };
}

/** The entries of a block map that begins behind a line; undefined when it is not to be taken apart. `below` are the lines behind it. */
function splitMap(text: Text, map: BlockMap, lineAbove: number, below: readonly string[]): Entries | undefined {
  const entries: Entry[] = [];
  const column = columnOf(text, map.range?.[0] ?? 0);
  let previous = lineAbove;
  for (const { key, value } of map.items) {
    const entry = toEntry(text, key, value, column);
    if (entry === undefined || entry.firstLine <= previous) return undefined;
    const between = text.lines.slice(previous + 1, entry.firstLine);
    if (!between.every(isRemark)) return undefined;
    const own = giveBelow(between, entries.at(-1), column);
    entry.above.push(...collapse(own));
    entries.push(entry);
    previous = entry.lastLine;
  }
  if (entries.length === 0) return undefined;
  const behind = lineAbove < 0 ? text.lines.slice(previous + 1) : below;
  if (!behind.every(isRemark)) return undefined;
  return { entries, closing: collapse(giveBelow(behind, entries.at(-1), column)) };
}

function toEntry(text: Text, key: ParsedNode, value: ParsedNode | null, column: number): Entry | undefined {
  if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined) return undefined;
  if (isScalar(value) && isInvisible(value)) return undefined;
  const [start, keyEnd] = key.range;
  const firstLine = lineOf(text, start);
  const colon = /^ *:/.exec(text.text.slice(keyEnd, keyEnd + 100))?.[0].length;
  if (
    colon === undefined ||
    lineOf(text, keyEnd) !== firstLine ||
    text.lines[firstLine]!.slice(0, column).trim() !== "" ||
    columnOf(text, start) !== column
  )
    return undefined;
  const behindColon = keyEnd + colon;
  const end = value === null ? behindColon : Math.max(behindColon, contentEnd(text, value));
  return {
    name: String(key.value),
    key: text.text.slice(start, keyEnd),
    value,
    firstLine,
    lastLine: lineOf(text, end - 1),
    behindColon,
    end,
    above: [],
    below: [],
  };
}

/** Nothing but an anchor, or a block of blank lines: where it ends depends on what is below. */
function isInvisible({ type, source, anchor }: Scalar.Parsed): boolean {
  return (anchor !== undefined && source === "") || (type?.startsWith("BLOCK_") === true && source.trim() === "");
}

/** Rule (2): gives the entry above what closes its block, and gives back the rest. */
function giveBelow(lines: readonly string[], above: Entry | undefined, column: number): readonly string[] {
  const closes = above !== undefined && isBlock(above.value);
  const last = closes ? lines.findLastIndex((line) => line.trim() !== "" && columnOfText(line) > column) : -1;
  above?.below.push(...lines.slice(0, last + 1));
  return lines.slice(last + 1);
}

/** Rule (3): what stays at the top of the file. */
function takeHeader({ above }: Entry): readonly string[] {
  const last = above.findLastIndex((line) => line === "" || line === "---" || /^# *yaml-language-server:/.test(line));
  const header = above.splice(0, last + 1);
  return header[0] === "" ? header.slice(1) : header;
}

function printMap(text: Text, { entries, closing }: Entries, order: KeyOrder | undefined, indent: number): string[] {
  const out: string[] = [];
  for (const entry of sortByName(entries, order)) {
    const above = out.length === 0 && entry.above[0] === "" ? entry.above.slice(1) : entry.above;
    out.push(...indentRemarks(above, indent), ...printEntry(text, entry, order?.inside(entry.name), indent));
  }
  const isLastBlank = closing.at(-1) === "";
  out.push(...indentRemarks(isLastBlank ? closing.slice(0, -1) : closing, indent));
  return out;
}

function printEntry(text: Text, entry: Entry, order: KeyOrder | undefined, indent: number): string[] {
  const { value, key, behindColon, end } = entry;
  if (isBlock(value)) {
    const printed = isMap(value)
      ? printMapEntry(text, entry, value as BlockMap, order, indent)
      : printListEntry(text, entry, value as YAMLSeq.Parsed, indent);
    return printed ?? [...shiftLines(text, entry, indent), ...indentRemarks(collapse(entry.below), indent + STEP)];
  }
  const comment = commentBehind(text, end);
  const start = behindColon + text.text.slice(behindColon, end).search(/\S|$/);
  const between = text.text.slice(behindColon, start);
  const written = text.text.slice(start, end);
  const isBelowKey = between.includes("\n");
  if (comment === undefined || (isBelowKey && (written.includes("\n") || written.startsWith("#")))) return shiftLines(text, entry, indent);
  const head = `${" ".repeat(indent)}${key}:`;
  if (written === "") return [head + comment];
  if (!written.includes("\n")) return [`${head} ${normalizeFlow(text, value, written, order)}${comment}`];
  const [first = "", ...rest] = written.split("\n");
  // An indentation that is given as a number counts from the key.
  if (/^(?:[&!]\S* +)*[|>][-+]?[1-9]/.test(first)) return shiftLines(text, entry, indent);
  const least = Math.min(...rest.filter((line) => line.trim() !== "").map(columnOfText));
  const moved = rest.map((line) => (line.length <= least ? "" : " ".repeat(indent + STEP) + line.slice(least)));
  return [`${head} ${first.trimEnd()}`, ...moved.slice(0, -1), ...(moved.length === 0 ? [] : [moved.at(-1)! + comment])];
}

/** A map below its key. */
function printMapEntry(text: Text, entry: Entry, map: BlockMap, order: KeyOrder | undefined, indent: number): string[] | undefined {
  const head = headOf(text, entry, map.range?.[0] ?? 0);
  const split = head === undefined ? undefined : splitMap(text, map, entry.firstLine, entry.below);
  return head === undefined || split === undefined
    ? undefined
    : [`${" ".repeat(indent)}${entry.key}:${head}`, ...printMap(text, split, order, indent + STEP)];
}

/** A list below its key, of values that stand on one line each. */
function printListEntry(text: Text, entry: Entry, list: YAMLSeq.Parsed, indent: number): string[] | undefined {
  const head = headOf(text, entry, list.range[0]);
  if (head === undefined) return undefined;
  const out = [`${" ".repeat(indent)}${entry.key}:${head}`];
  let previous = entry.firstLine;
  for (const item of list.items) {
    const [start, end] = [item.range[0], contentEnd(text, item)];
    const line = lineOf(text, start);
    const dash = /^ *- +/.exec(text.lines[line] ?? "");
    const comment = commentBehind(text, end);
    const between = text.lines.slice(previous + 1, line);
    if (
      isBlock(item) ||
      dash === null ||
      comment === undefined ||
      end <= start ||
      line <= previous ||
      lineOf(text, end - 1) !== line ||
      !between.every(isRemark)
    )
      return undefined;
    const remarks = collapse(between);
    out.push(...indentRemarks(previous === entry.firstLine && remarks[0] === "" ? remarks.slice(1) : remarks, indent + STEP));
    out.push(
      `${" ".repeat(indent + STEP)}- ${normalizeFlow(text, item, text.text.slice(text.starts[line]! + dash[0].length, end), undefined)}${comment}`,
    );
    previous = line;
  }
  return [...out, ...indentRemarks(collapse(entry.below), indent + STEP)];
}

/** What stands behind the colon, before the block that begins in a line below: a comment or an anchor. */
function headOf(text: Text, entry: Entry, contentStart: number): string | undefined {
  const line = lineOf(text, contentStart);
  const head = text.lines[entry.firstLine]!.slice(entry.behindColon - text.starts[entry.firstLine]!).trim();
  if (line === entry.firstLine || !text.lines.slice(entry.firstLine + 1, line).every(isRemark)) return undefined;
  return head === "" ? "" : ` ${head}`;
}

/** The lines of an entry as they are, indented otherwise. */
function shiftLines(text: Text, entry: Entry, indent: number): string[] {
  const lines = text.lines.slice(entry.firstLine, entry.lastLine + 1);
  const by = indent - columnOfText(lines[0] ?? "");
  return lines.map((line) => (by >= 0 ? (line === "" ? "" : " ".repeat(by) + line) : line.slice(Math.min(-by, columnOfText(line)))));
}

/** A flow map or list on one line as `{ a: b }` and `[a, b]`; anything else as it is. */
function normalizeFlow(text: Text, value: ParsedNode | null, written: string, order: KeyOrder | undefined): string {
  return isMap(value) || isSeq(value) ? (printFlow(text, value as ParsedNode, order) ?? written) : written;
}

/** Undefined where there is more than keys and values: an anchor, a tag, a key without a value. */
function printFlow(text: Text, node: ParsedNode, order: KeyOrder | undefined): string | undefined {
  if (isAlias(node) || node.anchor !== undefined || node.tag !== undefined) return undefined;
  if (isScalar(node)) return text.text.slice(node.range[0], node.range[1]);
  if (isSeq(node)) {
    const items = (node as YAMLSeq.Parsed).items.map((item) => printFlow(text, item, undefined));
    return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
  }
  const pairs: { readonly name: string; readonly shown: string }[] = [];
  for (const { key, value } of (node as BlockMap).items) {
    const name = isScalar(key) ? String(key.value) : undefined;
    const shownKey = isScalar(key) ? printFlow(text, key, undefined) : undefined;
    const shown =
      name === undefined || value === null || value.range[0] === value.range[1] ? undefined : printFlow(text, value, order?.inside(name));
    if (name === undefined || shownKey === undefined || shown === undefined) return undefined;
    pairs.push({ name, shown: `${shownKey}: ${shown}` });
  }
  const sorted = sortByName(pairs, order);
  return sorted.length === 0 ? "{}" : `{ ${sorted.map(({ shown }) => shown).join(", ")} }`;
}

/** Known keys in their order, all others behind them as they were: a stable sort. */
function sortByName<T extends { readonly name: string }>(items: readonly T[], order: KeyOrder | undefined): readonly T[] {
  const rank = new Map(order?.keys.map((key, at) => [key, at]));
  const rankOf = ({ name }: T): number => rank.get(name) ?? rank.size;
  return items.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** ` # comment`, empty when nothing stands behind the value on its line, undefined when something else does. */
function commentBehind(text: Text, end: number): string | undefined {
  const line = lineOf(text, end - 1);
  const rest = text.text.slice(end, text.starts[line]! + text.lines[line]!.length).trim();
  if (rest === "") return "";
  return rest.startsWith("#") ? ` ${rest}` : undefined;
}

/** Behind the last character that belongs to the value. */
function contentEnd(text: Text, node: ParsedNode): number {
  const [start, end] = node.range;
  if (isMap(node) && node.flow !== true) {
    return (node as BlockMap).items.reduce(
      (last, { key, value }) => Math.max(last, key.range[1] + 1, value === null ? 0 : contentEnd(text, value)),
      start,
    );
  }
  if (isSeq(node) && node.flow !== true)
    return (node as YAMLSeq.Parsed).items.reduce((last, item) => Math.max(last, contentEnd(text, item)), start + 1);
  if (!isScalar(node) || (node.type !== "BLOCK_LITERAL" && node.type !== "BLOCK_FOLDED")) return end;
  const written = text.text.slice(start, end);
  // Blank lines below a block are its own only when it says so.
  return start + written.replace(/^[|>][0-9]*\+/.test(written) ? /\n$/ : /\n+$/, "").length;
}

function isBlock(node: ParsedNode | null): boolean {
  return (isMap(node) || isSeq(node)) && node.flow !== true;
}

function isRemark(line: string): boolean {
  return /^\s*(?:#.*)?$/.test(line) || line === "---";
}

/** Without indentation, two blank lines made one. */
function collapse(lines: readonly string[]): string[] {
  const trimmed = lines.map((line) => line.trim());
  return trimmed.filter((line, at) => line !== "" || trimmed[at - 1] !== "");
}

function indentRemarks(remarks: readonly string[], indent: number): string[] {
  return remarks.map((line) => (line === "" ? "" : " ".repeat(indent) + line));
}

function columnOfText(line: string): number {
  return Math.max(0, line.search(/[^ ]/));
}

function columnOf(text: Text, offset: number): number {
  return offset - text.starts[lineOf(text, offset)]!;
}

function lineOf({ starts }: Text, offset: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
