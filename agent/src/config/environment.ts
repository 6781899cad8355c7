import { agentConfig } from "@ghost/schemas";
import type { Attribute, Attributes } from "@ghost/schemas";
import type { Path } from "./source.ts";

/** A key that the environment sets. */
export interface Override {
  /** `GHOST_GRPC_LISTEN_ADDR`. */
  readonly variable: string;
  readonly path: Path;
  /** As the kind of its attribute; a text that is none stays a text, for the validator to refuse. A list's items are texts. */
  readonly value: string | number | boolean | readonly string[];
}

/** `GHOST_SECTION_KEY` for every key of agent.yaml; an empty variable sets nothing, a list's items are apart by commas. */
export function overridesOf(env: Readonly<Record<string, string | undefined>>): readonly Override[] {
  return keysOf(agentConfig.attributes).flatMap(({ path, attribute }) => {
    const variable = `GHOST_${path.join("_").toUpperCase()}`;
    const text = env[variable];
    return text === undefined || text === "" ? [] : [{ variable, path, value: parseAs(attribute, text) }];
  });
}

/** The values with what the environment sets in its place. */
export function withOverrides(value: unknown, overrides: readonly Override[]): unknown {
  if (!isObject(value)) return value;
  const merged: Record<string, unknown> = { ...value };
  for (const { path, value: own } of overrides) {
    const [section = "", key] = path.map(String);
    if (key === undefined) merged[section] = own;
    else if (merged[section] === undefined || merged[section] === null || isObject(merged[section]))
      merged[section] = { ...(merged[section] as object | undefined), [key]: own };
  }
  return merged;
}

function keysOf(attributes: Attributes, prefix: Path = []): readonly { readonly path: Path; readonly attribute: Attribute }[] {
  return Object.entries(attributes).flatMap(([name, attribute]) =>
    attribute.kind === "object" ? keysOf(attribute.attributes, [...prefix, name]) : [{ path: [...prefix, name], attribute }],
  );
}

function parseAs({ kind }: Attribute, text: string): Override["value"] {
  if (kind === "list") return text.split(/[\s,]+/).filter((item) => item !== "");
  if (kind === "integer" && /^-?[0-9]{1,15}$/.test(text)) return Number(text);
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
