/** Own cloud-config and ours in one text. As YAML 1.1, because that is what cloud-init reads: `yes` and `0644` are no texts there. */
import type { Document, DocumentOptions, ParsedNode, ParseOptions, SchemaOptions, YAMLMap } from "yaml";
import { isAlias, isCollection, isMap, isScalar, isSeq, parseAllDocuments, Document as YamlDocument } from "yaml";
import { wrong } from "./cloud-init.ts";

/** Values of a guest's setup: texts, lists of texts, maps of plain values. */
export type Ours = Readonly<Record<string, string | boolean | readonly string[] | Readonly<Record<string, string | boolean>>>>;

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.1",
  // A merge key stays as it is written, and a text that looks like one is a text.
  customTags: (tags) => tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:merge"),
  prettyErrors: false,
  logLevel: "silent",
};

/**
 * Our values with the own text merged last, by the rules of `renderCloudInit`: YAML without the first line. What is not
 * ours keeps its form and its comments.
 */
export function mergeCloudConfig(ours: Ours, own: string): string {
  const document = parse(own);
  const map = document.contents as YAMLMap;
  const front: unknown[] = [];
  for (const [key, value] of Object.entries(ours)) {
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (pair === undefined) front.push(document.createPair(key, value));
    else pair.value = mergeValue(document, key, value, pair.value);
  }
  (map.items as unknown[]).unshift(...front);
  if (map.items.length === 0) return "{}\n";
  map.flow = false;
  if (document.directives !== undefined) document.directives.docStart = null;
  // In quotes, since readers of YAML 1.1 differ in what they take for a text.
  return document.toString({ lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
}

function mergeValue(document: Document, key: string, ours: Ours[string], given: unknown): unknown {
  if (isCollection(given) && given.anchor !== undefined)
    throw wrong(`user_data has an anchor at ${key}, where Ghost's own values are put in.`, `Write ${key} out where it is used.`);
  // Another place of the text has this very node.
  const own = isAlias(given) ? document.createNode(given.toJS(document)) : given;
  if (isSeq(own) && Array.isArray(ours)) {
    const have = new Set(own.items.map((item) => (isScalar(item) ? item.value : undefined)));
    const added = ours.filter((item) => !have.has(item));
    own.items.unshift(...added.map((item) => document.createNode(item)));
  } else if (isMap(own) && typeof ours === "object" && !Array.isArray(ours)) {
    const added = Object.entries(ours).filter(([key]) => !own.has(key));
    (own.items as unknown[]).unshift(...added.map(([key, value]) => document.createPair(key, value)));
  }
  return own;
}

function parse(given: string): Document {
  // Without the line, not without its break: a message is to have the right number.
  const own = given.replace(/^(\s*)#cloud-config[^\n]*/iu, "$1");
  const documents = read(own);
  if (documents.length === 0) return emptyDocument();
  const [document, second] = documents as readonly [Document.Parsed<ParsedNode>, Document.Parsed<ParsedNode>?];
  const [error] = document.errors;
  if (error !== undefined) throw wrong(`user_data is not YAML: the reading stops in line ${lineOf(own, error.pos[0])}.`, SYNTAX_HINT);
  if (second !== undefined)
    throw wrong(
      `user_data has more than one YAML document (line ${lineOf(own, second.range[0])}); cloud-init reads one.`,
      "Put everything into one, without a line of three dashes.",
    );
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    document.contents = document.createNode({}) as unknown as ParsedNode;
    return document;
  }
  if (!isMap(contents))
    throw wrong(
      `user_data is ${isSeq(contents) ? "a list" : "a plain text"}, and neither cloud-config, which is a map, nor a form that its first line tells.`,
      "Start it with #cloud-config and keys below, or with #! for a script.",
    );
  if (contents.items.some(({ key }) => isScalar(key) && key.source === "<<"))
    throw wrong("user_data has a merge key (<<) at its top, where Ghost's own values are put in.", "Write its keys out.");
  return document;
}

function read(own: string): readonly Document.Parsed<ParsedNode>[] {
  try {
    const documents = parseAllDocuments<ParsedNode, true>(own, OPTIONS);
    return Array.isArray(documents) ? documents : [];
  } catch (reason) {
    // Recursion in the parser is the one thing that a text can provoke.
    if (!(reason instanceof RangeError)) throw reason;
    throw wrong("user_data is nested too deeply.", SYNTAX_HINT);
  }
}

function emptyDocument(): Document {
  return new YamlDocument({}, OPTIONS);
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const SYNTAX_HINT = "The mistake may be in a line above: an open quote or bracket, a missing colon or space, a tab.";
