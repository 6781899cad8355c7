import type { Series } from "./measure.ts";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "MB" | "calls" | "requests" | "×";
  /** What it should be at most (`at least` for speed-ups); absent where there is no target. */
  readonly target?: number;
  readonly atLeast?: boolean;
}

/** What is measured: told on stderr at once, kept for `--json`. */
export class Report {
  readonly isQuick: boolean;
  readonly series: Series[] = [];
  readonly figures: Figure[] = [];

  constructor({ isQuick }: { readonly isQuick: boolean }) {
    this.isQuick = isQuick;
  }

  add(...measured: readonly Series[]): void {
    this.series.push(...measured);
    for (const { name, medianMs, minMs, maxMs, samplesMs } of measured) {
      // Of short times the first digit after the point counts too.
      const digits = medianMs < 20 ? 1 : 0;
      this.tell(
        `${name.padEnd(58)} ${medianMs.toFixed(digits).padStart(7)} ms   (${minMs.toFixed(digits)}–${maxMs.toFixed(digits)}, ${samplesMs.length} runs)`,
      );
    }
  }

  figure(one: Figure): void {
    this.figures.push(one);
    const target = one.target === undefined ? "" : `   target ${one.atLeast ? "≥" : "≤"} ${one.target}`;
    this.tell(`${one.name.padEnd(58)} ${one.value.toFixed(one.unit === "×" ? 2 : 0).padStart(7)} ${one.unit}${target}`);
  }

  tell(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
