import { createSuggest, didYouMean } from "@ghost/engine";
import { agentConfig } from "@ghost/schemas";
import type { Attribute, Attributes } from "@ghost/schemas";
import type { ValidationError } from "@ghost/schemas/validators";
import type { Path } from "./source.ts";

/** What is wrong with one value, in words. */
export interface Complaint {
  readonly path: Path;
  /** The key itself is wrong, not its value. */
  readonly atKey?: boolean;
  readonly detail: string;
  readonly hint: string;
}

/** What the validator found, for a person. */
export function explain(error: ValidationError, root: unknown): Complaint {
  const path = pathOf(error.instancePath);
  if (error.keyword === "additionalProperties") return unknownKey(path, String(error.params["additionalProperty"]));
  const attribute = findAttribute(path);
  const name = path.length === 0 ? "The file" : `"${path.join(".")}"`;
  const must = attribute === undefined ? "must have keys and values" : mustBe(attribute);
  return {
    path,
    detail: `${name} is ${shown(valueAt(root, path))}; it ${must}.`,
    hint: attribute?.kind === "object" || path.length === 0 ? "Write its keys below it, indented." : example(path, attribute),
  };
}

function unknownKey(path: Path, key: string): Complaint {
  const known = Object.keys(attributesAt(path) ?? {});
  const shownKey = JSON.stringify(key.slice(0, 80));
  const where = path.length === 0 ? "agent.yaml" : `"${path.join(".")}"`;
  const elsewhere = Object.entries<Attribute>(agentConfig.attributes).flatMap(([section, attribute]) =>
    path[0] !== section && attribute.kind === "object" && Object.hasOwn(attribute.attributes, key) ? [`${section}.${key}`] : [],
  );
  const suggestion = didYouMean(createSuggest()(key, known));
  return {
    path: [...path, key],
    atKey: true,
    detail: `${where} has no key ${shownKey}.`,
    hint: suggestion ?? (elsewhere.length > 0 ? `It belongs elsewhere: ${elsewhere.join(", ")}.` : `There are ${known.join(", ")}.`),
  };
}

function mustBe(attribute: Attribute): string {
  switch (attribute.kind) {
    case "string":
      return attribute.oneOf === undefined
        ? `must be ${attribute.patternDoc ?? "a text on one line"}`
        : `must be one of ${attribute.oneOf.join(", ")}`;
    case "integer":
      return `must be a whole number from ${attribute.min ?? 0} to ${attribute.max ?? "any"}`;
    case "boolean":
      return "must be true or false";
    case "list":
      return "must be a list";
    default:
      return "must have keys and values";
  }
}

function example(path: Path, attribute: Attribute | undefined): string {
  const fallback = attribute !== undefined && "default" in attribute && attribute.default !== "" ? attribute.default : undefined;
  return fallback === undefined ? `Correct "${path.join(".")}", or remove it.` : `Remove it for the default, ${String(fallback)}.`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`;
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a section" : String(value);
}

function findAttribute(path: Path): Attribute | undefined {
  if (path.length === 0) return undefined;
  const above = findAttribute(path.slice(0, -1));
  return above?.kind === "list" ? above.of : attributesAt(path.slice(0, -1))?.[String(path.at(-1))];
}

function attributesAt(path: Path): Attributes | undefined {
  let attributes: Attributes | undefined = agentConfig.attributes;
  for (const name of path) {
    const attribute: Attribute | undefined = attributes?.[String(name)];
    attributes = attribute?.kind === "object" ? attribute.attributes : undefined;
  }
  return attributes;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[String(name)];
  return value;
}

/** JSON pointer → path. */
function pathOf(pointer: string): Path {
  return pointer === ""
    ? []
    : pointer
        .slice(1)
        .split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
