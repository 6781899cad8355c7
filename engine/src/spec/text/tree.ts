/**
 * A YAML text as the resolver sees it: texts, maps and lists, each with the place where it stands. Offsets count UTF-16
 * units from the start of the text; line and column are worked out only for a diagnostic.
 */
export type Node = ScalarNode | MapNode | ListNode;

export interface ScalarNode {
  readonly kind: "scalar";
  /** A plain scalar as it is written, empty where nothing is; any other scalar as it reads. */
  readonly text: string;
  /** Without quotes and not a block: only then it may be a number, a boolean or null. */
  readonly plain: boolean;
  readonly start: number;
  /** Behind the last character; of a block scalar, behind its header's first character. */
  readonly end: number;
}

export interface MapNode {
  readonly kind: "map";
  /** In the order of the text; a key may stand twice. */
  readonly entries: readonly Entry[];
  readonly start: number;
}

export interface Entry {
  readonly key: string;
  readonly keyStart: number;
  readonly value: Node;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly start: number;
}

/** What a plain scalar means in YAML 1.2's core schema; everything else is text. */
export type PlainType = "null" | "boolean" | "integer" | "float" | "string";

/** No more levels than this: a spec has eight. */
export const MAX_DEPTH = 64;

const NULL = /^(?:~|null|Null|NULL)?$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT = /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** The first characters that a plain scalar of another type than text can have. */
const MAYBE_TYPED = /^[-+.0-9~nNtTfF]/;

export function plainTypeOf(node: ScalarNode): PlainType {
  if (!node.plain) return "string";
  const { text } = node;
  if (text === "") return "null";
  if (!MAYBE_TYPED.test(text)) return "string";
  if (NULL.test(text)) return "null";
  if (BOOLEAN.test(text)) return "boolean";
  if (INTEGER.test(text)) return "integer";
  return FLOAT.test(text) ? "float" : "string";
}

/** The last value of a key, or undefined. */
export function findEntry(map: MapNode, key: string): Entry | undefined {
  return map.entries.find((entry) => entry.key === key);
}
