import type { Attribute, Attributes, Diagnostic, DiagnosticCode } from "@ghost/schemas";
import { vm } from "@ghost/schemas";
import { visibleLine } from "./display.ts";
import type { Place, SourceText } from "./source.ts";

export interface ProblemFacts {
  /** What to do next; every problem has one. */
  readonly hint: string;
  readonly path?: readonly (string | number)[];
}

interface Problem extends ProblemFacts {
  readonly code: DiagnosticCode;
  readonly place: Place | undefined;
  readonly detail: string;
}

interface Mask {
  readonly start: number;
  readonly end: number;
}

/** More than anybody reads, and few enough to be told at once. */
const MAX_PROBLEMS = 10_000;
/** What a line shows where a secret stands. */
const MASK = "***";

/** Collects every problem of a spec; each becomes a diagnostic with its line at the end, when all secrets are known. */
export class Report {
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  readonly #masks = new Map<SourceText, Mask[]>();

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  /** The same problem of the same place is told once: a template may be read for many VMs. */
  add(code: DiagnosticCode, place: Place | undefined, detail: string, facts: ProblemFacts): void {
    if (this.#problems.length > MAX_PROBLEMS) return;
    if (this.#problems.length === MAX_PROBLEMS) {
      const last = { detail: `There are more than ${MAX_PROBLEMS} problems; the others are not told.`, hint: "Is this the right file?" };
      this.#problems.push({ code: "SPEC_TOO_LARGE", place, ...last });
      return;
    }
    const key = `${place?.source.order} ${place?.offset} ${code} ${detail}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push({ code, place, detail, ...facts });
  }

  /** Nothing between these offsets is ever shown. */
  mask(source: SourceText, start: number, end: number): void {
    const masks = this.#masks.get(source);
    if (masks === undefined) this.#masks.set(source, [{ start, end }]);
    else masks.push({ start, end });
  }

  /** Problems without a place first, then by file and position. */
  toDiagnostics(): Diagnostic[] {
    const sorted = this.#problems.toSorted((a, b) => orderOf(a) - orderOf(b) || (a.place?.offset ?? 0) - (b.place?.offset ?? 0));
    return sorted.map(({ code, place, detail, hint, path }) => {
      const sourceLine = place === undefined ? undefined : this.#showLine(place);
      return {
        code,
        severity: "error",
        detail,
        hint,
        ...(path === undefined ? {} : { path }),
        ...(place === undefined ? {} : { at: place.source.locate(place.offset) }),
        ...(sourceLine === undefined ? {} : { sourceLine }),
      };
    });
  }

  #showLine({ source, offset }: Place): string | undefined {
    const line = source.lineAt(offset);
    if (line === undefined) return undefined;
    let shown = "";
    let pos = line.start;
    for (const { start, end } of (this.#masks.get(source) ?? []).toSorted((a, b) => a.start - b.start)) {
      if (start >= line.end || end <= pos) continue;
      shown += `${source.text.slice(pos, Math.max(pos, start))}${MASK}`;
      pos = Math.min(end, line.end);
    }
    return visibleLine(maskKnownKeys(shown + source.text.slice(pos, line.end)));
  }
}

/** A text with a syntax error has no tree, so secrets are found by their keys: all behind one is hidden, but a reference. */
function maskKnownKeys(line: string): string {
  return line.replace(SENSITIVE_KEY, `$1${MASK}`);
}

function sensitiveNames(attributes: Attributes): readonly string[] {
  return Object.entries<Attribute>(attributes).flatMap(([name, attribute]) => {
    if (attribute.sensitive === true) return [name];
    if (attribute.kind === "object") return sensitiveNames(attribute.attributes);
    return attribute.kind === "map" && attribute.of.kind === "object" ? sensitiveNames(attribute.of.attributes) : [];
  });
}

/** A sensitive key with anything but a reference behind it, or a reference that is neither env: nor file:. */
const SENSITIVE_KEY = new RegExp(
  `(\\b(?:(?:${sensitiveNames(vm.attributes).join("|")})["']?\\s*:\\s*(?!\\{\\s*["']?(?:secret|version)\\b)|secret["']?\\s*:\\s*(?!["']?(?:env|file):)))(?!\\*\\*\\*)\\S.*$`,
  "u",
);

function orderOf({ place }: Problem): number {
  return place === undefined ? -1 : place.source.order;
}
