import { IMPACT_MEANING } from "../impact.ts";
import type { Attribute, Unit } from "../resource.ts";

const UNIT_NAME: Readonly<Record<Unit, string>> = { gib: "GiB (2^30 bytes)", s: "seconds", percent: "percent" };

/** What one value must be, in a few words: "integer: GiB (2^30 bytes), 1 to 4096". */
export function describeType(attribute: Attribute): string {
  if (attribute.sensitive === true) return "secret reference";
  switch (attribute.kind) {
    case "string":
      if (attribute.oneOf !== undefined) return attribute.oneOf.join(" | ");
      return withLimits(
        "string",
        attribute.patternDoc,
        attribute.maxLength === undefined ? undefined : `at most ${attribute.maxLength} characters`,
      );
    case "integer":
      return withLimits(
        "integer",
        attribute.unit === undefined ? undefined : UNIT_NAME[attribute.unit],
        describeRange(attribute.min, attribute.max),
      );
    case "boolean":
      return "boolean";
    case "list":
      return `list of ${describeType(attribute.of)}`;
    case "map":
      return `map of ${describeType(attribute.of)}${attribute.keyDoc === undefined ? "" : `; keys of ${attribute.keyDoc}`}`;
    case "object":
      return "object";
  }
}

/** The hover text of an editor: what it is, its unit, its default, and what changing it does. */
export function describeAttribute(attribute: Attribute): string {
  const sentences = [attribute.doc];
  if (attribute.kind === "integer" && attribute.unit !== undefined) sentences.push(`In ${UNIT_NAME[attribute.unit]}.`);
  if (attribute.kind === "string" && attribute.patternDoc !== undefined && attribute.sensitive !== true)
    sentences.push(`Form: ${attribute.patternDoc}.`);
  const fallback = findDefault(attribute);
  if (fallback !== undefined) sentences.push(`Default: ${String(fallback)}.`);
  if (attribute.sensitive === true)
    sentences.push("Sensitive: written as { secret: env:NAME or file:PATH, version: N }, never as a literal.");
  if (attribute.change !== "none") sentences.push(`A change is at worst ${attribute.change}: ${IMPACT_MEANING[attribute.change]}.`);
  return sentences.join(" ");
}

export function findDefault(attribute: Attribute): string | number | boolean | undefined {
  return "default" in attribute ? attribute.default : undefined;
}

function withLimits(type: string, ...limits: readonly (string | undefined)[]): string {
  const known = limits.filter((limit) => limit !== undefined);
  return known.length === 0 ? type : `${type}: ${known.join(", ")}`;
}

function describeRange(min: number | undefined, max: number | undefined): string | undefined {
  if (min !== undefined && max !== undefined) return min === max ? String(min) : `${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}
