/** Reads any YAML with the `yaml` package: positions, syntax errors in words, aliases and merge keys within a bound. */
import type { Document, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isScalar, parseAllDocuments } from "yaml";
import { isPlainText, quote } from "../display.ts";
import type { ReadText, TextProblem } from "./read.ts";
import type { Entry, Node } from "./tree.ts";
import { MAX_DEPTH } from "./tree.ts";

/** Values that aliases may stand for in one text, all together. */
const MAX_ALIASED = 100_000;
const MAX_SYNTAX_ERRORS = 20;
/** So many characters of a line on both sides of an error tell what it is. */
const WINDOW = 200;

/** A finished node and what an alias of it would add. */
interface Anchored {
  readonly node: Node;
  readonly size: number;
  readonly height: number;
}

interface Reading {
  readonly text: string;
  readonly problems: TextProblem[];
  readonly anchors: Map<string, Anchored>;
  aliased: number;
  /** Set by the first bound that is broken: the rest of the text is not read. */
  refused: boolean;
}

interface Converted {
  readonly node: Node;
  readonly size: number;
  readonly height: number;
}

/** As `readText`, for texts that the quick reader declined. */
export function readFully(text: string): ReadText {
  const roots: Node[] = [];
  const problems: TextProblem[] = [];
  for (const document of parse(text, problems)) {
    if (document.errors.length > 0) {
      problems.push(...syntaxProblems(document, text));
      continue;
    }
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.source === "" && contents.type === "PLAIN")) continue;
    const reading: Reading = { text, problems, anchors: new Map(), aliased: 0, refused: false };
    const root = convert(reading, contents, contents.range[0], 0).node;
    if (!reading.refused) roots.push(root);
  }
  return { roots, problems };
}

function parse(text: string, problems: TextProblem[]): readonly Document.Parsed<ParsedNode>[] {
  // The package makes an Error of each mistake; its stack, which nobody sees, is most of the cost.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const documents = parseAllDocuments<ParsedNode, true>(text, {
      uniqueKeys: false,
      prettyErrors: false,
      version: "1.2",
      logLevel: "silent",
    });
    return Array.isArray(documents) ? documents : [];
  } catch (reason) {
    // Recursion in the parser is the one thing that a text can provoke.
    if (!(reason instanceof RangeError)) throw reason;
    problems.push(tooDeep(0));
    return [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function syntaxProblems(document: Document.Parsed<ParsedNode>, text: string): readonly TextProblem[] {
  // The first error of a line is the cause, what follows on it is its consequence.
  const lines = new Set<number>();
  const problems: TextProblem[] = [];
  let [start, end] = [0, -1];
  for (const { code, message, pos } of document.errors) {
    if (problems.length === MAX_SYNTAX_ERRORS) break;
    const offset = Math.min(pos[0], text.length);
    if (offset >= start && offset <= end) continue;
    start = text.lastIndexOf("\n", offset - 1) + 1;
    end = text.indexOf("\n", offset);
    if (end < 0) end = text.length;
    if (lines.has(start)) continue;
    lines.add(start);
    if (code === "RESOURCE_EXHAUSTION") problems.push(tooDeep(offset));
    else
      problems.push({
        code: "SPEC_SYNTAX",
        offset,
        detail: describeError(message),
        hint: hintOf(code, text.slice(Math.max(start, offset - WINDOW), Math.min(end, offset + WINDOW))),
      });
  }
  return problems;
}

/** The package's words, without the piece of text that some of them quote: it may be a secret. */
function describeError(message: string): string {
  const words = message.replace(/: ".*$/su, "");
  return `${isPlainText(words) ? words : quote(words, 200)}.`;
}

function hintOf(code: string, line: string): string {
  if (code === "TAB_AS_INDENT") return "Indent with spaces.";
  if (/[{[].*[:,[] *\$\{/.test(line)) return 'Inside [ ] and { } an expression needs quotes: "${var.name}".';
  if (code === "MISSING_CHAR") return "Close what was opened, or put a colon behind the key.";
  if (code === "BAD_INDENT") return "Align the line with its siblings, and close what was opened above.";
  if (code === "BLOCK_AS_IMPLICIT_KEY" || code === "BAD_SCALAR_START") return "Put the value in quotes.";
  if (code === "MULTILINE_IMPLICIT_KEY") return "A key and its colon stand on one line: is a colon missing above?";
  return "The mistake may be in a line above: an open quote or bracket, a missing colon or space.";
}

function convert(reading: Reading, source: ParsedNode | null, emptyAt: number, depth: number): Converted {
  if (source === null || reading.refused) return leaf(emptyAt);
  if (depth > MAX_DEPTH) return refuse(reading, tooDeep(source.range[0]));
  if (isAlias(source)) return convertAlias(reading, source.source, source.range[0], depth);
  checkTag(reading, source);
  const converted = isScalar(source)
    ? convertScalar(source, emptyAt)
    : isMap(source)
      ? convertMap(reading, source as YAMLMap.Parsed, depth)
      : convertList(reading, source as YAMLSeq.Parsed, depth);
  if (source.anchor !== undefined) reading.anchors.set(source.anchor, converted);
  return converted;
}

function convertScalar(source: Scalar.Parsed, emptyAt: number): Converted {
  const plain = source.type === "PLAIN";
  const [start, end] = source.range;
  const text = String(plain ? source.source : source.value);
  if (plain && text === "") return leaf(emptyAt);
  const isBlock = source.type === "BLOCK_LITERAL" || source.type === "BLOCK_FOLDED";
  return { node: { kind: "scalar", text, plain, start, end: isBlock ? start + 1 : end }, size: 1, height: 0 };
}

function convertAlias(reading: Reading, name: string, offset: number, depth: number): Converted {
  const anchored = reading.anchors.get(name);
  if (anchored === undefined) {
    reading.problems.push({
      code: "SPEC_SYNTAX",
      offset,
      detail: `The alias *${quote(name)} has no anchor before it.`,
      hint: "An anchor &name stands before its aliases, and not around them.",
    });
    return leaf(offset);
  }
  reading.aliased += anchored.size;
  if (reading.aliased > MAX_ALIASED) {
    const detail = `The aliases of this file stand for more than ${MAX_ALIASED} values.`;
    return refuse(reading, { code: "SPEC_TOO_LARGE", offset, detail, hint: "Write the values out, or use a template." });
  }
  return depth + anchored.height > MAX_DEPTH ? refuse(reading, tooDeep(offset)) : anchored;
}

function convertMap(reading: Reading, source: YAMLMap.Parsed, depth: number): Converted {
  const entries: Entry[] = [];
  const merged: { readonly node: Node; readonly offset: number }[] = [];
  let [size, height] = [1, 0];
  for (const pair of source.items as Pair<ParsedNode, ParsedNode | null>[]) {
    const { key } = pair;
    const keyStart = key?.range?.[0] ?? source.range[0];
    const name = keyText(reading, key);
    if (name === undefined) {
      reading.problems.push({
        code: "SPEC_SYNTAX",
        offset: keyStart,
        detail: "A key is a text on one line, not a map, a list or an alias.",
        hint: "Write the key as a plain word.",
      });
      continue;
    }
    const value = convert(reading, pair.value, keyStart, depth + 1);
    size += value.size;
    height = Math.max(height, value.height + 1);
    if (name === "<<" && isScalar(key) && key.type === "PLAIN") merged.push({ node: value.node, offset: keyStart });
    else entries.push({ key: name, keyStart, value: value.node });
  }
  for (const { node, offset } of merged) mergeInto(reading, entries, node, offset);
  return { node: { kind: "map", entries, start: source.range[0] }, size, height };
}

/** Only a tag that is written is in `tag`. */
function checkTag({ problems }: Reading, source: Scalar.Parsed | YAMLMap.Parsed | YAMLSeq.Parsed): void {
  if (source.tag === undefined) return;
  const detail = `The YAML tag ${quote(source.tag)} is not supported: a spec has texts, numbers, booleans, maps and lists.`;
  problems.push({ code: "SPEC_SYNTAX", offset: source.range[0], detail, hint: "Remove the tag." });
}

/** The merge key `<<`: entries of the other maps, where the map has none of its own. */
function mergeInto(reading: Reading, entries: Entry[], node: Node, offset: number): void {
  const own = new Set(entries.map((entry) => entry.key));
  for (const map of node.kind === "list" ? node.items : [node]) {
    if (map.kind !== "map") {
      reading.problems.push({
        code: "SPEC_WRONG_TYPE",
        offset,
        detail: "The merge key << takes a map or a list of maps.",
        hint: "Write <<: *name, where &name stands before a map.",
      });
      return;
    }
    for (const entry of map.entries) {
      if (own.has(entry.key)) continue;
      own.add(entry.key);
      entries.push(entry);
    }
  }
}

function convertList(reading: Reading, source: YAMLSeq.Parsed, depth: number): Converted {
  const items: Node[] = [];
  let [size, height] = [1, 0];
  for (const item of source.items) {
    const converted = convert(reading, item, source.range[0], depth + 1);
    items.push(converted.node);
    size += converted.size;
    height = Math.max(height, converted.height + 1);
  }
  return { node: { kind: "list", items, start: source.range[0] }, size, height };
}

function keyText(reading: Reading, key: ParsedNode | null): string | undefined {
  if (key === null) return "";
  return isScalar(key) ? scalarText(convert(reading, key, key.range[0], 0).node) : undefined;
}

function scalarText(node: Node): string | undefined {
  return node.kind === "scalar" ? node.text : undefined;
}

function leaf(at: number): Converted {
  return { node: { kind: "scalar", text: "", plain: true, start: at, end: at }, size: 1, height: 0 };
}

function refuse(reading: Reading, problem: TextProblem): Converted {
  reading.refused = true;
  reading.problems.push(problem);
  return leaf(problem.offset);
}

function tooDeep(offset: number): TextProblem {
  return {
    code: "SPEC_TOO_LARGE",
    offset,
    detail: `Values are nested more than ${MAX_DEPTH} levels deep; a spec needs eight.`,
    hint: "Is a bracket missing, or an alias inside its own anchor?",
  };
}
