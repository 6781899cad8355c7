import { styleText } from "node:util";
import type { Impact } from "@ghost/schemas";

type Format = Parameters<typeof styleText>[0];
/** Gives the text in a colour or weight; without colour, unchanged. */
export type Paint = (text: string) => string;

/** The few looks that Ghost's output has. */
export interface Style {
  readonly color: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly note: Paint;
  readonly impact: Readonly<Record<Impact, Paint>>;
}

/** The colour of each impact, from quiet to loud; the views use the same. */
export const IMPACT_FORMAT = {
  none: "gray",
  "next-boot": "blue",
  live: "green",
  guest: "cyan",
  restart: "yellow",
  stop: "yellow",
  replace: "magenta",
  "data-loss": "red",
} as const satisfies Record<Impact, Format>;

export function makeStyle(color: boolean): Style {
  const paint = (format: Format): Paint => (color ? (text) => styleText(format, text, { validateStream: false }) : (text) => text);
  const impact = Object.fromEntries(Object.entries(IMPACT_FORMAT).map(([name, format]) => [name, paint(format)]));
  return {
    color,
    bold: paint("bold"),
    dim: paint("dim"),
    good: paint("green"),
    bad: paint("red"),
    warn: paint("yellow"),
    note: paint("cyan"),
    impact: impact as Record<Impact, Paint>,
  };
}
