/*
 * The rules of Terraform's core for what a provider answers, with words for whoever writes one.
 *
 * Source: internal/plans/objchange in github.com/hashicorp/terraform, as of 1.11.
 */
import { isDeepStrictEqual } from "node:util";
import type { Path } from "../provider.ts";
import type { AttributeSchema, AttributeSchemas } from "../schema.ts";
import { hasUnknown, UNKNOWN } from "../value.ts";
import type { Value, Values } from "../value.ts";

/** What Terraform would call an invalid plan; empty when it would not. */
export function planProblems(attributes: AttributeSchemas, prior: Values | null, config: Values, planned: Values): readonly string[] {
  return within(attributes, [], prior, config, planned);
}

/** What Terraform would call an inconsistent result of an apply; empty when it would not. */
export function applyProblems(planned: Values, applied: Values): readonly string[] {
  const problems: string[] = [];
  compare([], planned, applied, problems);
  return problems;
}

function within(attributes: AttributeSchemas, at: Path, prior: Values | null, config: Values, planned: Values): string[] {
  return Object.entries(attributes).flatMap(([name, attribute]) =>
    ofAttribute(attribute, [...at, name], prior?.[name] ?? null, config[name] ?? null, planned[name] ?? null),
  );
}

function ofAttribute(attribute: AttributeSchema, at: Path, prior: Value, config: Value, planned: Value): string[] {
  const where = at.join(".");
  if (attribute.write_only === true) return planned === null ? [] : [`${where} is write-only: the plan has to have null there`];
  if (config === null && attribute.computed === true) return [];
  if (attribute.nested !== undefined && isObject(config) && isObject(planned)) {
    const { nesting, attributes } = attribute.nested;
    const each = (key: string | number, a: Value, b: Value, c: Value): string[] =>
      isObject(b) && isObject(c) ? within(attributes, [...at, key], isObject(a) ? a : null, b as Values, c as Values) : [];
    if (nesting === "single") return within(attributes, at, isObject(prior) ? prior : null, config, planned);
    const before = Object.keys(config).toSorted();
    if (!isDeepStrictEqual(before, Object.keys(planned).toSorted()))
      return [`${where} has other keys in the plan than in the configuration`];
    if (nesting === "set") return [];
    const of = (value: Value, key: string): Value => (value as Values | null)?.[key] ?? null;
    return before.flatMap((key) => each(key, of(prior, key), of(config, key), of(planned, key)));
  }
  if (same(config, planned)) return [];
  // An attribute that nothing changes may stay as it was, for instance when two texts mean the same.
  if (prior !== null && same(prior, planned)) return [];
  return [
    `${where} is configured, and the plan has another value there${attribute.computed === true ? "" : "; it is not computed, so nobody but the configuration sets it"}`,
  ];
}

function compare(at: Path, planned: Value, applied: Value, problems: string[]): void {
  if (planned === UNKNOWN) {
    if (hasUnknown(applied)) problems.push(`${at.join(".")} is still unknown after the apply`);
  } else if (isObject(planned) && isObject(applied)) {
    for (const key of new Set([...Object.keys(planned), ...Object.keys(applied)])) {
      compare([...at, key], (planned as Values)[key] ?? null, (applied as Values)[key] ?? null, problems);
    }
  } else if (!same(planned, applied)) problems.push(`${at.join(".")} is not what was planned`);
}

/** Objects, maps, lists: all of them by key. */
function isObject(value: Value): value is Values {
  return (
    typeof value === "object" &&
    value !== null &&
    (Array.isArray(value) || Object.getPrototypeOf(value) === null || Object.getPrototypeOf(value) === Object.prototype)
  );
}

function same(a: Value, b: Value): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

/** Without the difference between objects with and without a prototype. */
function plain(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : value;
}
