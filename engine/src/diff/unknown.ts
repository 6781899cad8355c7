/**
 * Stands in a desired configuration for a value that is known only once something else was applied. Terraform's
 * unknown values become it; a spec file never has one.
 */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** True when the value is unknown or holds something unknown. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}
