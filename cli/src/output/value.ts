import type { Attribute, Attributes, Json, StepKind } from "@ghost/schemas";
import { agent, vm } from "@ghost/schemas";
import { escapeLine } from "./escape.ts";

const ATTRIBUTES: Readonly<Record<StepKind, Attributes>> = {
  vm: vm.attributes,
  template: vm.attributes,
  agent: agent.attributes.settings.attributes,
};
const UNITS: Readonly<Record<string, string>> = { gib: "GiB", s: "s", percent: "%" };

/** The definition behind a path, or undefined for a path of another version of Ghost. */
export function attributeAt(kind: StepKind, path: readonly string[]): Attribute | undefined {
  let attribute: Attribute | undefined;
  let inside: Attributes | undefined = ATTRIBUTES[kind];
  for (const key of path) {
    attribute = attribute?.kind === "map" ? attribute.of : inside !== undefined && Object.hasOwn(inside, key) ? inside[key] : undefined;
    inside = attribute?.kind === "object" ? attribute.attributes : undefined;
  }
  return attribute;
}

/** `disks.data.size_gb`; a key with a dot or a slash stands in brackets. */
export function showPath(path: readonly string[]): string {
  return path.map((key, index) => (/^[\w-]+$/.test(key) ? `${index === 0 ? "" : "."}${key}` : `["${escapeLine(key)}"]`)).join("");
}

/** A value on one line, with its unit: `8 GiB`, `{ network: default }`, `[nginx, curl]`. */
export function showValue(value: Json | undefined, attribute?: Attribute): string {
  if (value === undefined || value === null) return "unset";
  if (attribute?.sensitive === true)
    return `secret${isMap(value) && typeof value["version"] === "number" ? ` version ${value["version"]}` : ""}`;
  if (typeof value === "number") return showNumber(value, attribute);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return showText(value);
  if (Array.isArray(value))
    return `[${(value as readonly Json[]).map((item) => showValue(item, attribute?.kind === "list" ? attribute.of : undefined)).join(", ")}]`;
  const items = Object.entries(value).map(([key, item]) => {
    const inner = attribute?.kind === "map" ? attribute.of : attribute?.kind === "object" ? attribute.attributes[key] : undefined;
    return `${escapeLine(key)}: ${showValue(item, inner)}`;
  });
  return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
}

/** At most two digits after the point, and the unit. */
export function showNumber(value: number, attribute?: Attribute): string {
  const unit = attribute?.kind === "integer" && attribute.unit !== undefined ? ` ${UNITS[attribute.unit]}` : "";
  return `${Math.round(value * 100) / 100}${unit}`;
}

/** True when a value is text that needs lines of its own. */
export function isLongText(value: Json | undefined): value is string {
  return typeof value === "string" && value.includes("\n");
}

function showText(text: string): string {
  const plain = /^[^\s"'{}[\],][^"{}[\],]*$/.test(text) && !/\s$/.test(text) && !/^(unset|true|false|null|-?\d+(\.\d+)?)$/.test(text);
  return plain ? escapeLine(text) : escapeLine(JSON.stringify(text));
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
