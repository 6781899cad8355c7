import type { Type } from "../type.ts";

/** Reads a type as the wire writes it. Throws on anything else. */
export function parseType(text: string): Type {
  const type: unknown = JSON.parse(text);
  check(type, text);
  return type as Type;
}

function check(type: unknown, text: string): void {
  if (type === "string" || type === "number" || type === "bool" || type === "dynamic") return;
  const [kind, of] = Array.isArray(type) ? (type as unknown[]) : [];
  if (kind === "list" || kind === "set" || kind === "map") return check(of, text);
  if (kind === "tuple" && Array.isArray(of)) return of.forEach((inner) => check(inner, text));
  if (kind === "object" && typeof of === "object" && of !== null) return Object.values(of).forEach((inner) => check(inner, text));
  throw new Error(`Not a type of Terraform: ${text}`);
}
