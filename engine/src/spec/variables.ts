import type { VariableType } from "@ghost/schemas";
import { variableAttributes } from "@ghost/schemas";
import { decodeObject, uniqueEntries } from "./decode.ts";
import { describeValue, quote } from "./display.ts";
import { hasExpression } from "./expression.ts";
import type { Fields } from "./fields.ts";
import { fieldsOf } from "./fields.ts";
import type { Report } from "./report.ts";
import type { Reading, Scope } from "./scope.ts";
import { addProblem, openScope } from "./scope.ts";
import type { Block } from "./sections.ts";
import type { Place, SourceText } from "./source.ts";
import { describePlace } from "./source.ts";
import type { Suggest } from "./suggest.ts";
import { didYouMean } from "./suggest.ts";
import type { MapNode, Node, ScalarNode } from "./text/tree.ts";
import { findEntry, plainTypeOf } from "./text/tree.ts";

export type VariableValue = string | number | boolean;

export interface Variable {
  readonly name: string;
  readonly type: VariableType;
  /** Undefined when none was given or the one given is wrong. */
  readonly value: VariableValue | undefined;
  /** Where it is declared. */
  readonly place: Place;
}

/** Values from outside: the command line comes before the files (the last one first), the files before the environment. */
export interface GivenVariables {
  /** `name=value`, as given with `--var`; the last one of a name counts. */
  readonly cli: readonly string[];
  readonly files: readonly { readonly source: SourceText; readonly root: Node | undefined }[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The variables of a spec, and which of them something uses. */
export class Variables {
  readonly #declared: ReadonlyMap<string, Variable>;
  readonly #used = new Set<string>();

  constructor(declared: ReadonlyMap<string, Variable> = new Map()) {
    this.#declared = declared;
  }

  names(): Iterable<string> {
    return this.#declared.keys();
  }

  /** The variable of the name, which then counts as used; undefined when it is not declared. */
  use(name: string): Variable | undefined {
    this.#used.add(name);
    return this.#declared.get(name);
  }

  unused(): readonly Variable[] {
    return [...this.#declared.values()].filter(({ name }) => !this.#used.has(name));
  }
}

interface Given {
  readonly value: VariableValue;
  /** `--var`, `GHOST_VAR_size`, a file's name. */
  readonly from: string;
  /** In a file, where a value has a type of its own. */
  readonly place: Place | undefined;
}

const FIELDS: Fields = fieldsOf(variableAttributes);
/** What a declaration may have; the type of `default` is the variable's own. */
export const VARIABLE_FIELDS: Fields = withDefault(variableAttributes);
const ENV_PREFIX = "GHOST_VAR_";
const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;

/** Reads the declarations and gives each variable its value. */
export function readVariables(reading: Omit<Reading, "variables">, blocks: ReadonlyMap<string, Block>, given: GivenVariables): Variables {
  const values = collectGiven(reading.report, reading.suggest, blocks, given);
  const declared = new Map<string, Variable>();
  for (const block of blocks.values()) {
    const scope = openScope({ ...reading, variables: new Variables() }, { source: block.source, section: "variables", key: block.key });
    declared.set(block.key, readVariable(scope, block, values.get(block.key) ?? findInEnvironment(block.key, given.env)));
  }
  return new Variables(declared);
}

/** Every variable that nothing uses is a problem: a typing error at its use looks the same. */
export function reportUnused(report: Report, variables: Variables): void {
  for (const { name, place } of variables.unused()) {
    report.add("VARIABLE_UNUSED", place, `The variable ${quote(name)} is declared and nothing uses it.`, {
      hint: `Use it as \${var.${name}}, or remove it.`,
      path: ["variables", name],
    });
  }
}

function readVariable(scope: Scope, block: Block, given: Given | undefined): Variable {
  const { key: name, node } = block;
  const place = { source: block.source, offset: block.keyStart };
  const type = reportExpressions(scope, node) ? undefined : readType(scope, node);
  // Of a declaration that is wrong, no value is: what uses it must not be blamed.
  if (type === undefined) return { name, type: "string", value: undefined, place };
  const fallback = findEntry(node as MapNode, "default");
  const fallbackValue = fallback === undefined ? undefined : readDefault(scope, type, fallback.value);
  if (given === undefined) {
    if (fallback === undefined) {
      addProblem(
        scope,
        "VARIABLE_UNDEFINED",
        block.keyStart,
        `The variable ${quote(name)} has no default and was given no value.`,
        `Give it one: --var ${name}=…, --var-file FILE, or the environment variable ${ENV_PREFIX}${name}.`,
      );
    }
    return { name, type, value: fallbackValue, place };
  }
  const value = coerce(type, given);
  if (value === undefined) {
    const detail = `${given.from} gives the variable ${quote(name)} the value ${describeValue(given.value)}; it is declared as ${withArticle(type)} in ${describePlace(place)}.`;
    scope.report.add("VARIABLE_BAD_VALUE", given.place, detail, {
      hint: { string: "Put the value in quotes.", integer: "Give a plain decimal number.", boolean: "Give true or false." }[type],
    });
  }
  return { name, type, value, place };
}

/** The declared type, the default aside; undefined when the declaration is wrong. */
function readType(scope: Scope, node: Node): VariableType | undefined {
  if (node.kind !== "map") {
    decodeObject(scope, FIELDS, node);
    return undefined;
  }
  const entries = uniqueEntries(scope, node).filter(({ key }) => key !== "default");
  const declaration = decodeObject(scope, FIELDS, { ...node, entries });
  const type = declaration?.["type"] as VariableType | undefined;
  return type ?? (entries.some(({ key }) => key === "type") ? undefined : "string");
}

function readDefault(scope: Scope, type: VariableType, node: Node): VariableValue | undefined {
  const value = node.kind === "scalar" ? scalarValue(node) : undefined;
  if (hasType(type, value)) return value;
  const is = value === undefined ? "not one plain value" : describeValue(value);
  const hint =
    value === undefined
      ? `Write ${withArticle(type)}.`
      : type === "string"
        ? `Write "${value}" in quotes, or declare another type.`
        : `Write ${withArticle(type)}, or declare type: ${typeName(value)}.`;
  scope.path.push("default");
  addProblem(
    scope,
    "SPEC_WRONG_TYPE",
    node.start,
    `The default of the variable ${quote(scope.key)} is ${is}; it must be ${withArticle(type)}.`,
    hint,
  );
  scope.path.pop();
  return undefined;
}

function scalarValue(node: ScalarNode): VariableValue | undefined {
  switch (plainTypeOf(node)) {
    case "string":
      return node.text;
    case "boolean":
      return node.text.toLowerCase() === "true";
    case "integer":
      return parseInteger(node.text);
    case "null":
    case "float":
      return undefined;
  }
}

/** A text from the command line or the environment is read by the type; a value from a file must have it. */
function coerce(type: VariableType, { value, place }: Given): VariableValue | undefined {
  if (place !== undefined || type === "string" || typeof value !== "string") return hasType(type, value) ? value : undefined;
  if (type === "integer") return parseInteger(value);
  return value === "true" ? true : value === "false" ? false : undefined;
}

function parseInteger(text: string): number | undefined {
  const value = DECIMAL.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

function hasType(type: VariableType, value: VariableValue | undefined): boolean {
  return value !== undefined && typeName(value) === type;
}

function typeName(value: VariableValue): VariableType {
  return typeof value === "number" ? "integer" : typeof value === "boolean" ? "boolean" : "string";
}

function withArticle(type: VariableType): string {
  return type === "integer" ? "an integer" : `a ${type}`;
}

/** Declarations are read before any expression is. */
function reportExpressions(scope: Scope, node: Node): boolean {
  if (node.kind === "scalar") {
    if (!hasExpression(node.text)) return false;
    addProblem(
      scope,
      "EXPRESSION_SYNTAX",
      node.start,
      "The declaration of a variable has plain values only, no expressions.",
      "Give the value from outside: --var name=value, or GHOST_VAR_name in the environment.",
    );
    return true;
  }
  const parts = node.kind === "list" ? node.items : node.entries.map(({ value }) => value);
  return parts.filter((part) => reportExpressions(scope, part)).length > 0;
}

function collectGiven(
  report: Report,
  suggest: Suggest,
  blocks: ReadonlyMap<string, Block>,
  { cli, files }: GivenVariables,
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  const accept = (name: string, value: Given): void => {
    if (blocks.has(name)) given.set(name, value);
    else {
      const hint = didYouMean(suggest(name, blocks.keys())) ?? "Declare it under variables: in the spec, or leave it out.";
      report.add("VARIABLE_UNDEFINED", value.place, `${value.from} gives a value to ${quote(name)}, which the spec does not declare.`, {
        hint,
      });
    }
  };
  for (const { source, root } of files) {
    if (root === undefined) continue;
    const scope = openScope({ report, suggest, variables: new Variables(), env: {} }, { source });
    if (root.kind !== "map") {
      addProblem(scope, "SPEC_WRONG_TYPE", root.start, "A variables file is a map of names and values.", "Write name: value on each line.");
      continue;
    }
    for (const { key, keyStart, value } of uniqueEntries(scope, root)) {
      const scalar = value.kind === "scalar" ? scalarValue(value) : undefined;
      if (scalar !== undefined) accept(key, { value: scalar, from: source.file, place: { source, offset: keyStart } });
      else
        report.add(
          "VARIABLE_BAD_VALUE",
          { source, offset: value.start },
          `The value of ${quote(key)} is not a text, an integer or a boolean.`,
          { hint: "Write one plain value; numbers are plain decimals." },
        );
    }
  }
  for (const text of cli) {
    const at = text.indexOf("=");
    if (at > 0) accept(text.slice(0, at), { value: text.slice(at + 1), from: "--var", place: undefined });
    else report.add("USAGE", undefined, `--var takes name=value, not ${quote(text)}.`, { hint: "For example: --var web_count=3" });
  }
  return given;
}

/** Other specs may use the same environment, so a name that is not declared here is nobody's mistake. */
function findInEnvironment(name: string, env: GivenVariables["env"]): Given | undefined {
  const key = `${ENV_PREFIX}${name}`;
  const value = Object.hasOwn(env, key) ? env[key] : undefined;
  return value === undefined ? undefined : { value, from: key, place: undefined };
}

function withDefault({ type, ...rest }: typeof variableAttributes): Fields {
  return fieldsOf({ type, default: { kind: "string", mode: "optional", change: "none", doc: "The value when none is given." }, ...rest });
}
