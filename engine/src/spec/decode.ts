/*
 * Reads values by the definitions of resources: one function for each kind of attribute, nothing for each attribute.
 *
 * (1) A value that is wrong is reported where it stands and left out of the result; reading goes on.
 * (2) What is accepted is what the published JSON Schema accepts, expressions resolved; a property test compares them.
 * (3) Keys of maps are checked against their pattern before they become keys of an object: `__proto__` never does.
 * (4) The text of a sensitive value is never part of a message, and its place is masked in every line shown.
 */
import type { Attribute } from "@ghost/schemas";
import { secretAttributes } from "@ghost/schemas";
import type { ValueProblem } from "./check-value.ts";
import { checkInteger, checkKey, checkText, NO_VALUE, notOneOf, WITHOUT_FRACTION } from "./check-value.ts";
import { describeValue, quote } from "./display.ts";
import type { Expanded } from "./expand.ts";
import { describeExpanded, expand, markUses } from "./expand.ts";
import { hasExpression } from "./expression.ts";
import type { Field, Fields } from "./fields.ts";
import { fieldsOf } from "./fields.ts";
import type { Scope } from "./scope.ts";
import { addProblem, kindName, nameOf, ownerOf, upperFirst } from "./scope.ts";
import { didYouMean } from "./suggest.ts";
import type { Entry, MapNode, Node, ScalarNode } from "./text/tree.ts";
import { plainTypeOf } from "./text/tree.ts";

type Values = Record<string, unknown>;
type StringAttribute = Extract<Attribute, { kind: "string" }>;
type IntegerAttribute = Extract<Attribute, { kind: "integer" }>;

const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;
const ONE_VALUE = "Write one value, not a map or a list.";
const DIGITS_ONLY = "Write a plain decimal number: digits only.";
const SECRET_FIELDS: Fields = fieldsOf(secretAttributes);

/** The object that a block or an object attribute describes; undefined when it is not a map. */
export function decodeObject(scope: Scope, fields: Fields, node: Node): Values | undefined {
  if (node.kind !== "map") {
    reportNoMap(scope, node);
    return undefined;
  }
  const values: Values = {};
  for (const { key, keyStart, value } of uniqueEntries(scope, node)) {
    const field = fields.get(key);
    scope.path.push(key);
    if (field === undefined) reportUnknownKey(scope, fields, key, keyStart, value);
    else {
      const decoded = decodeValue(scope, field, value);
      if (decoded !== undefined) values[field.name] = decoded;
    }
    scope.path.pop();
  }
  return values;
}

/** The value of one attribute; undefined when it is wrong. */
export function decodeValue(scope: Scope, field: Field, node: Node): unknown {
  if (field.isSensitive) return decodeSecret(scope, node);
  switch (field.attribute.kind) {
    case "string":
      return decodeString(scope, field, field.attribute, node);
    case "integer":
      return decodeInteger(scope, field.attribute, node);
    case "boolean":
      return decodeBoolean(scope, node);
    case "object":
      return decodeObject(scope, field.fields!, node);
    case "map":
      return decodeMap(scope, field, field.attribute.keyDoc, node);
    case "list":
      return decodeList(scope, field, node);
  }
}

/** Every entry once; the second one of a key is a problem. */
export function uniqueEntries(scope: Scope, node: MapNode): readonly Entry[] {
  const { entries } = node;
  if (!hasRepeatedKey(entries)) return entries;
  const first = new Map<string, Entry>();
  for (const entry of entries) {
    const before = first.get(entry.key);
    if (before === undefined) first.set(entry.key, entry);
    else {
      scope.path.push(entry.key);
      const { line } = scope.source.locate(before.keyStart);
      addProblem(
        scope,
        "SPEC_DUPLICATE_KEY",
        entry.keyStart,
        `The key ${quote(entry.key)} stands twice in one map: first in line ${line}, and here again.`,
        "Remove one of them.",
      );
      scope.path.pop();
      markAllUses(scope, entry.value);
    }
  }
  return [...first.values()];
}

/** Most maps are small: comparing is quicker than a set. */
function hasRepeatedKey(entries: readonly Entry[]): boolean {
  if (entries.length > 12) return new Set(entries.map(({ key }) => key)).size !== entries.length;
  for (let at = 1; at < entries.length; at++) {
    for (let before = 0; before < at; before++) if (entries[before]!.key === entries[at]!.key) return true;
  }
  return false;
}

function decodeMap(scope: Scope, field: Field, keyDoc: string | undefined, node: Node): Values | undefined {
  if (node.kind !== "map") {
    reportNoMap(scope, node);
    return undefined;
  }
  const values: Values = {};
  for (const { key, keyStart, value } of uniqueEntries(scope, node)) {
    scope.path.push(key);
    const problem = checkKey(field.name, keyDoc, field.keyPattern, key);
    if (problem !== undefined) {
      addProblem(scope, problem.code, keyStart, problem.says, problem.hint);
      markAllUses(scope, value);
    } else {
      const decoded = decodeValue(scope, field.of!, value);
      if (decoded !== undefined) values[key] = decoded;
    }
    scope.path.pop();
  }
  return values;
}

function decodeList(scope: Scope, field: Field, node: Node): readonly unknown[] | undefined {
  if (node.kind !== "list") {
    const isText = node.kind === "scalar" && node.text !== "";
    addProblem(
      scope,
      "SPEC_WRONG_TYPE",
      node.start,
      `${nameOf(scope)} is ${describeNode(node)}; it must be a list.`,
      isText ? "Put each item behind a dash, or all between [ and ]." : "Remove the key, or write [].",
    );
    markAllUses(scope, node);
    return undefined;
  }
  const items: unknown[] = [];
  node.items.forEach((item, at) => {
    scope.path.push(at);
    const decoded = decodeValue(scope, field.of!, item);
    if (decoded !== undefined) items.push(decoded);
    scope.path.pop();
  });
  return items;
}

function decodeString(scope: Scope, field: Field, attribute: StringAttribute, node: Node): string | undefined {
  if (node.kind !== "scalar") return reportType(scope, node, "a text", ONE_VALUE);
  const { oneOf } = attribute;
  let text = node.text;
  if (hasExpression(text)) {
    const expanded = expand(scope, node);
    if (expanded === undefined) return undefined;
    text = String(expanded.value);
  } else if (node.plain && plainTypeOf(node) !== "string") {
    if (oneOf === undefined) return reportType(scope, node, "a text", text === "" ? NO_VALUE : `Write "${text}" in quotes.`);
    return reportValue(scope, node, notOneOf(oneOf, text, scope.suggest));
  }
  const problem = checkText(attribute, field.pattern, text, scope.suggest);
  return problem === undefined ? text : reportValue(scope, node, problem);
}

function decodeInteger(scope: Scope, attribute: IntegerAttribute, node: Node): number | undefined {
  if (node.kind !== "scalar") return reportType(scope, node, "a whole number", ONE_VALUE);
  const isLiteral = !hasExpression(node.text);
  const value = isLiteral ? literalInteger(scope, node) : expandInteger(scope, node);
  if (value === undefined) return undefined;
  const problem = checkInteger(attribute, value, isLiteral ? node.text : undefined);
  return problem === undefined ? value : reportValue(scope, node, problem);
}

function literalInteger(scope: Scope, node: ScalarNode): number | undefined {
  const { text } = node;
  if (node.plain && DECIMAL.test(text)) return Number(text);
  return reportType(scope, node, "a whole number", integerHint(node));
}

function expandInteger(scope: Scope, node: ScalarNode): number | undefined {
  const expanded = expand(scope, node);
  if (expanded === undefined) return undefined;
  if (typeof expanded.value === "number") return expanded.value;
  if (expanded.from?.kind === "environment" && DECIMAL.test(String(expanded.value))) return Number(expanded.value);
  return reportExpanded(scope, node, "a whole number", expanded, "integer");
}

function decodeBoolean(scope: Scope, node: Node): boolean | undefined {
  if (node.kind !== "scalar") return reportType(scope, node, "true or false", ONE_VALUE);
  if (hasExpression(node.text)) return expandBoolean(scope, node);
  if (plainTypeOf(node) === "boolean") return node.text.toLowerCase() === "true";
  const meant = /^(?:yes|on|y|true|1)$/i.test(node.text) ? "true" : /^(?:no|off|n|false|0)$/i.test(node.text) ? "false" : undefined;
  return reportType(
    scope,
    node,
    "true or false",
    meant === undefined ? "Write true or false." : `In YAML 1.2 ${describeNode(node)} is not a boolean: write ${meant}, without quotes.`,
  );
}

function expandBoolean(scope: Scope, node: ScalarNode): boolean | undefined {
  const expanded = expand(scope, node);
  if (expanded === undefined) return undefined;
  if (typeof expanded.value === "boolean") return expanded.value;
  if (expanded.from?.kind === "environment" && (expanded.value === "true" || expanded.value === "false")) return expanded.value === "true";
  return reportExpanded(scope, node, "true or false", expanded, "boolean");
}

/** `{ secret: env:X, version: 1 }` becomes `{ version: 1 }`; the reference is kept beside. */
function decodeSecret(scope: Scope, node: Node): { readonly version: number } | undefined {
  const reference = node.kind === "map" ? node.entries.find(({ key }) => key === "secret")?.value : undefined;
  if (node.kind !== "map" || reference === undefined || reference.kind !== "scalar") return reportLiteral(scope, node, node.start);
  for (const { key, value } of node.entries) if (!SECRET_FIELDS.has(key)) maskNode(scope, value);
  const text = hasExpression(reference.text) ? expand(scope, reference)?.value : reference.text;
  if (text === undefined) return undefined;
  // Only what is a reference may be shown: anything else could be the secret itself.
  if (SECRET_FIELDS.get("secret")!.pattern!.test(String(text)) === false) return reportLiteral(scope, reference, reference.start);
  const values = decodeObject(scope, SECRET_FIELDS, node);
  if (values === undefined) return undefined;
  if (typeof values["version"] !== "number") {
    if (!node.entries.some(({ key }) => key === "version"))
      addProblem(
        scope,
        "SPEC_MISSING_KEY",
        node.start,
        `${nameOf(scope)} has no version: a new version is what says that the secret changed.`,
        "Add version: 1.",
      );
    return undefined;
  }
  (scope.secrets ??= {})[scope.path.join(".")] = String(text);
  return { version: values["version"] };
}

function reportLiteral(scope: Scope, node: Node, offset: number): undefined {
  maskNode(scope, node);
  markAllUses(scope, node);
  addProblem(
    scope,
    "SPEC_LITERAL_SECRET",
    offset,
    `${nameOf(scope)} is a secret, and a spec names only where a secret is, never the secret itself.`,
    "Write { secret: env:NAME, version: 1 } or { secret: file:PATH, version: 1 }. If the value was committed, change it.",
  );
  return undefined;
}

function maskNode(scope: Scope, node: Node): void {
  const { start } = node;
  scope.report.mask(scope.source, start, Math.max(endOf(node), start + 1));
}

function endOf(node: Node): number {
  switch (node.kind) {
    case "scalar":
      return node.end;
    case "list":
      return node.items.reduce((end, item) => Math.max(end, endOf(item)), node.start);
    case "map":
      return node.entries.reduce((end, { value }) => Math.max(end, endOf(value)), node.start);
  }
}

/** Variables in a value that is not read count as used: the mistake is told once. */
function markAllUses(scope: Scope, node: Node): void {
  if (node.kind === "scalar") markUses(scope, node);
  else if (node.kind === "list") for (const item of node.items) markAllUses(scope, item);
  else for (const { value } of node.entries) markAllUses(scope, value);
}

function reportUnknownKey(scope: Scope, fields: Fields, key: string, keyStart: number, value: Node): void {
  markAllUses(scope, value);
  const where = scope.path.length > 1 ? quote(scope.path.slice(0, -1).join(".")) : (ownerOf(scope) ?? "the spec");
  const elsewhere = scope.path.length === 1 ? scope.hints.get(key) : undefined;
  const hint =
    elsewhere ??
    didYouMean(scope.suggest(key, fields.keys())) ??
    (fields.size > 12 ? `Remove it; ghost schema lists the keys.` : `Its keys are ${[...fields.keys()].join(", ")}.`);
  addProblem(scope, "SPEC_UNKNOWN_KEY", keyStart, `${upperFirst(where)} has no key ${quote(key)}.`, hint);
}

function reportNoMap(scope: Scope, node: Node): void {
  addProblem(
    scope,
    "SPEC_WRONG_TYPE",
    node.start,
    `${nameOf(scope)} is ${describeNode(node)}; it must be a map.`,
    node.kind === "list"
      ? "Items have names here: write name: … instead of dashes."
      : node.kind === "scalar" && node.text === ""
        ? "Remove the key, or write {}."
        : "Write its keys on lines below it, indented.",
  );
  markAllUses(scope, node);
}

function reportType(scope: Scope, node: Node, wanted: string, hint: string): undefined {
  addProblem(scope, "SPEC_WRONG_TYPE", node.start, `${nameOf(scope)} is ${describeNode(node)}; it must be ${wanted}.`, hint);
  markAllUses(scope, node);
  return undefined;
}

function reportExpanded(scope: Scope, node: ScalarNode, wanted: string, expanded: Expanded, type: string): undefined {
  const hint = expanded.from?.kind === "variable" ? `Declare the variable with type: ${type}.` : `Give it ${wanted}.`;
  addProblem(scope, "SPEC_WRONG_TYPE", node.start, `${nameOf(scope)} must be ${wanted}; ${describeExpanded(expanded)}.`, hint);
  return undefined;
}

function reportValue(scope: Scope, node: Node, { code, says, hint }: ValueProblem): undefined {
  addProblem(scope, code, node.start, `${nameOf(scope)} ${says}`, hint);
  return undefined;
}

/** `empty`, `a list`, `the text "no"`, `the number 1e3`. */
function describeNode(node: Node): string {
  if (node.kind !== "scalar") return kindName(node);
  switch (plainTypeOf(node)) {
    case "null":
      return node.text === "" ? "empty" : `${node.text} (nothing)`;
    case "boolean":
      return `the boolean ${node.text}`;
    case "integer":
    case "float":
      return `the number ${node.text}`;
    case "string":
      return `the text ${describeValue(node.text)}`;
  }
}

/** Why a number that a person can read is not one here. */
function integerHint({ text, plain }: ScalarNode): string {
  if (!plain) return DECIMAL.test(text) ? "Remove the quotes." : DIGITS_ONLY;
  if (text === "") return NO_VALUE;
  if (/^[-+]?(?:0[0-9]|0[xob])/.test(text))
    return "People and programs read leading zeros and 0x in different ways: write a plain decimal number.";
  if (/^[-+]?[0-9][0-9_,]*$/.test(text)) return DIGITS_ONLY;
  if (/^[0-9.]+ ?[kmgt]i?b?$/i.test(text)) return "Write the number alone; the key says the unit.";
  if (/^[-+]?[0-9.]+(?:e[-+]?[0-9]+)?$/i.test(text)) return WITHOUT_FRACTION;
  return DIGITS_ONLY;
}
