/*
 * Values of Terraform against the limits of a definition, in the words that a spec's problems have.
 *
 * (1) What is not known yet is not looked at.
 * (2) The value of a sensitive attribute is never part of a message.
 */
import { checkInteger, checkKey, checkText, createSuggest, NO_VALUE, notWhole, quote } from "@ghost/engine";
import type { ValueProblem } from "@ghost/engine";
import type { Attribute, Attributes, Diagnostic } from "@ghost/schemas";
import { secretAttributes } from "@ghost/schemas";
import type { Value, Values } from "../protocol6/value.ts";
import { Decimal, Dynamic, UNKNOWN } from "../protocol6/value.ts";
import { textOf } from "./text.ts";
import { WRITE_ONLY, WRITE_ONLY_VERSION } from "./terraform-schema.ts";

type Path = readonly (string | number)[];

/** Everything that is wrong; `owner` is what has the values, for messages: `VM "web"`. */
export function checkValues(attributes: Attributes, values: Values, owner: string, path: Path = []): readonly Diagnostic[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    if (attribute.sensitive === true) return checkSecret(values, name, owner, path);
    const value = values[name];
    return value === null || value === undefined ? [] : checkValue(attribute, value, owner, [...path, name]);
  });
}

function checkValue(attribute: Attribute, value: Value, owner: string, path: Path): readonly Diagnostic[] {
  if (value === UNKNOWN) return [];
  if (value instanceof Dynamic) return checkValue(attribute, value.value, owner, path);
  if (value === null)
    return [toDiagnostic({ code: "SPEC_WRONG_TYPE", says: `is null; it must be ${WANTED[attribute.kind]}.`, hint: NO_VALUE }, owner, path)];
  switch (attribute.kind) {
    case "string": {
      const pattern = attribute.pattern === undefined ? undefined : new RegExp(attribute.pattern, "u");
      return found(checkText(attribute, pattern, textOf(value), createSuggest()), owner, path);
    }
    case "integer":
      if (value instanceof Decimal) return found(checkDecimal(attribute, value), owner, path);
      return found(checkInteger(attribute, Number(value), `${value as number | bigint}`), owner, path);
    case "boolean":
      return [];
    case "list":
      return (value as readonly Value[]).flatMap((item, at) => checkValue(attribute.of, item, owner, [...path, at]));
    case "map":
      return Object.entries(value as Values).flatMap(([key, item]) => {
        const pattern = attribute.keyPattern === undefined ? undefined : new RegExp(attribute.keyPattern, "u");
        const problem = checkKey(String(path.at(-1)), attribute.keyDoc, pattern, key);
        const here = [...path, key];
        if (problem === undefined) return checkValue(attribute.of, item, owner, here);
        return [{ code: problem.code, severity: "error" as const, detail: problem.says, hint: problem.hint, path }];
      });
    case "object":
      return checkValues(attribute.attributes, value as Values, owner, path);
  }
}

const WANTED: Readonly<Record<Attribute["kind"], string>> = {
  string: "a text",
  integer: "a whole number",
  boolean: "true or false",
  list: "a list",
  map: "a map",
  object: "a map",
};

function checkDecimal(attribute: Extract<Attribute, { kind: "integer" }>, { text }: Decimal): ValueProblem | undefined {
  // 1e3 is a whole number all the same.
  return Number.isInteger(Number(text)) ? checkInteger(attribute, Number(text), text) : notWhole(text);
}

/** The value and its version: one says nothing without the other. */
function checkSecret(values: Values, name: string, owner: string, path: Path): readonly Diagnostic[] {
  const value: Value = values[name + WRITE_ONLY] ?? null;
  const version: Value = values[name + WRITE_ONLY_VERSION] ?? null;
  const versionPath = [...path, name + WRITE_ONLY_VERSION];
  if (value !== null && version === null) {
    return [
      {
        code: "SPEC_MISSING_KEY",
        severity: "error",
        detail: `${quote([...path, name + WRITE_ONLY].join("."))} of ${owner} has no version: a new version is what says that the secret changed.`,
        hint: `Add ${name}${WRITE_ONLY_VERSION} = 1.`,
        path: versionPath,
      },
    ];
  }
  return version === null ? [] : checkValue(secretAttributes.version, version, owner, versionPath);
}

function found(problem: ValueProblem | undefined, owner: string, path: Path): readonly Diagnostic[] {
  return problem === undefined ? [] : [toDiagnostic(problem, owner, path)];
}

function toDiagnostic({ code, says, hint }: ValueProblem, owner: string, path: Path): Diagnostic {
  return { code, severity: "error", detail: `${quote(path.join("."))} of ${owner} ${says}`, hint, path };
}
