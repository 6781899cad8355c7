import type { Outcome, Told } from "./terraform.ts";

/** All that was said, in one text. */
export function said({ told }: Pick<Outcome, "told">): string {
  return told.map(({ summary, detail }) => `${summary}: ${detail}`).join("\n");
}

export function errors({ told }: Pick<Outcome, "told">): readonly Told[] {
  return told.filter(({ severity }) => severity === "error");
}

export function warnings({ told }: Pick<Outcome, "told">): readonly Told[] {
  return told.filter(({ severity }) => severity === "warning");
}
