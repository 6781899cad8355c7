import type { Json } from "@ghost/schemas";

/** Objects whose keys are names that people gave. */
const KEYED_BY_NAME: ReadonlySet<string> = new Set(["disks", "networks", "nics", "metadata", "diskIds", "macs"]);

/** A value of the code's own types as `--json` shows it: keys in snake_case, as everywhere in Ghost's data. */
export function toSnakeCase(value: object): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [snake(key), KEYED_BY_NAME.has(key) ? namedItems(item) : inner(item)]),
  );
}

function inner(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(inner);
  return typeof value === "object" && value !== null ? toSnakeCase(value) : (value as Json);
}

function namedItems(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return inner(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inner(item)]));
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
