import type { DiagnosticCode } from "@ghost/schemas";
import { readQuickly } from "./quick.ts";
import type { Node } from "./tree.ts";

/** What is wrong with a text as YAML, whatever it means. */
export interface TextProblem {
  readonly code: DiagnosticCode;
  readonly offset: number;
  readonly detail: string;
  readonly hint: string;
}

export interface ReadText {
  /** One for each document that has content and no syntax error. */
  readonly roots: readonly Node[];
  readonly problems: readonly TextProblem[];
}

/** No YAML text may have these characters (YAML 1.2.2, 5.1), nor a line end of old Macs, which readers take for different things. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\r(?!\n)/;
/** The full parser takes seconds and gigabytes for more. A spec of 10,000 VMs has 1.5 million characters. */
const MAX_FULL_LENGTH = 2 * 2 ** 20;
/** More unclosed brackets than this are no spec, and the full parser would take seconds to say so. */
const MAX_UNCLOSED = 1000;

/** Never throws. The `yaml` package is loaded only for a text that the quick reader declines. */
export async function readText(text: string): Promise<ReadText> {
  return readEasily(text) ?? (await import("./full.ts")).readFully(text);
}

/** Reads, or refuses, whatever does not need the full parser; undefined for what only `readFully` reads. */
export function readEasily(text: string): ReadText | undefined {
  const quick = readQuickly(text);
  if (quick.declinedAt === undefined) return { roots: quick.root === undefined ? [] : [quick.root], problems: [] };
  const forbidden = text.search(FORBIDDEN);
  if (forbidden >= 0) return { roots: [], problems: [forbiddenCharacter(text, forbidden)] };
  const deep = findExcess(text);
  if (deep !== undefined)
    return {
      roots: [],
      problems: [
        {
          code: "SPEC_TOO_LARGE",
          offset: deep,
          detail: `More than ${MAX_UNCLOSED} brackets or dashes are open here; no spec is nested that deeply.`,
          hint: "Is a bracket not closed?",
        },
      ],
    };
  if (text.length > MAX_FULL_LENGTH) return { roots: [], problems: [beyondFullReader(quick.declinedAt)] };
  return undefined;
}

function forbiddenCharacter(text: string, offset: number): TextProblem {
  const code = text.charCodeAt(offset);
  if (code === 0)
    return {
      code: "SPEC_UNREADABLE",
      offset,
      detail: "The file has a NUL byte: it is not a text.",
      hint: "Save it as UTF-8 text; UTF-16 looks like this.",
    };
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return {
    code: "SPEC_SYNTAX",
    offset,
    detail: `The control character ${name} cannot stand in YAML.`,
    hint: `Remove it; a text in double quotes may have it as an escape.`,
  };
}

function beyondFullReader(offset: number): TextProblem {
  const detail = `Reading stops near here: what stands here is a mistake, or a form of YAML (an anchor, a tag, folded text, tabs, several documents) that is read only in files of at most ${MAX_FULL_LENGTH} characters.`;
  return {
    code: "SPEC_TOO_LARGE",
    offset,
    detail,
    hint: "Correct it, or write it in the forms that ghost render prints, or split the file.",
  };
}

/** Where too many brackets are unclosed or too many list dashes stand in one line; quotes and comments are not looked at. */
function findExcess(text: string): number | undefined {
  let unclosed = 0;
  let dashes = 0;
  for (let pos = 0; pos < text.length; pos++) {
    const char = text[pos];
    if (char === "[" || char === "{") unclosed += 1;
    else if (char === "]" || char === "}") unclosed = Math.max(0, unclosed - 1);
    else if (char === "\n") dashes = 0;
    else if ((char === "-" || char === "?") && text[pos + 1] === " ") dashes += 1;
    if (unclosed > MAX_UNCLOSED || dashes > MAX_UNCLOSED) return pos;
  }
  return undefined;
}
