/** RFC 3339 in UTC, without fractions. */
export function toSeconds(instant: Date): string {
  return instant.toISOString().replace(/\.[0-9]+Z$/, "Z");
}
