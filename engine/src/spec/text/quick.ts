/*
 * Reads the YAML that specs are made of, in one pass: block maps and lists, plain and quoted scalars on one line,
 * literal blocks, flow maps and lists. It exists because the full parser takes 0.6 s and 200 MB per MB of text, and
 * a spec of 10,000 VMs has 1.5 MB.
 *
 * (1) The `yaml` package is the authority. What is read here is exactly what it reads; a property test compares them.
 * (2) Anything else (anchors, tags, tabs, folded text, several documents, every mistake) is declined: the
 *     package reads the text then, so it also words every syntax error.
 * (3) Every loop moves forward: the time is linear in the text.
 */
import type { Entry, ListNode, MapNode, Node, ScalarNode } from "./tree.ts";
import { MAX_DEPTH } from "./tree.ts";

/** Tabs, other control characters, a byte order mark: rare, and full of rules. */
const UNUSUAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/;
const MAX_KEY_LENGTH = 1000;

const [NEWLINE, SPACE, QUOTE, HASH, APOSTROPHE, COMMA, DASH, COLON, BACKSLASH, PIPE] = [10, 32, 34, 35, 39, 44, 45, 58, 92, 124];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [91, 93, 123, 125];

/** Characters that a key without quotes is made of, and those that a plain scalar may begin with. */
const KEY_CHARACTER = characterTable(/[A-Za-z0-9_./-]/);
const PLAIN_START = characterTable(/[A-Za-z0-9_./+~$(^;=-]/);

const DECLINED = new Error("declined");

interface State {
  readonly text: string;
  pos: number;
  /** Column of the first character of the line that `pos` is on, once `toContent` found one. */
  column: number;
}

export type QuickRead =
  /** No root when the text has no content. */
  | { readonly root: Node | undefined; readonly declinedAt?: undefined }
  | { readonly root?: undefined; /** Near what is not read here. */ readonly declinedAt: number };

export function readQuickly(text: string): QuickRead {
  const unusual = text.search(UNUSUAL);
  if (unusual >= 0) return { declinedAt: unusual };
  const state: State = { text, pos: 0, column: 0 };
  try {
    return { root: readDocument(state) };
  } catch (reason) {
    if (reason === DECLINED) return { declinedAt: Math.min(Math.max(0, state.pos), text.length) };
    throw reason;
  }
}

function readDocument(state: State): Node | undefined {
  if (!toContent(state)) return undefined;
  if (state.column === 0 && state.text.startsWith("---\n", state.pos)) {
    state.pos += 3;
    if (!toContent(state)) decline();
  }
  const first = state.text.charCodeAt(state.pos);
  let root: Node;
  if (first === OPEN_MAP || first === OPEN_LIST) {
    root = readFlow(state, -1, 0);
    endLine(state);
    if (toContent(state)) decline();
    return root;
  }
  if (state.column !== 0) decline();
  root = readBlock(state, 0, 0);
  return state.pos < state.text.length ? decline() : root;
}

/** A map or a list whose lines begin at the column. Afterwards `pos` is at the first line that does not belong to it. */
function readBlock(state: State, column: number, depth: number): MapNode | ListNode {
  if (depth > MAX_DEPTH) decline();
  return isDash(state) ? readBlockList(state, column, -1) : readBlockMap(state, column, depth);
}

function readBlockMap(state: State, column: number, depth: number): MapNode {
  const { text } = state;
  const entries: Entry[] = [];
  const start = state.pos;
  while (state.pos < text.length && state.column === column) {
    const keyStart = state.pos;
    const key = readKey(state);
    const next = text.charCodeAt(state.pos);
    if (next !== SPACE && next !== NEWLINE && state.pos < text.length) decline();
    skipSpaces(state);
    let value: Node;
    if (atLineEnd(state)) {
      const more = toContent(state);
      if (more && state.column > column) value = readBlock(state, state.column, depth + 1);
      else if (more && state.column === column && isDash(state)) value = readBlockList(state, column, column);
      else value = { kind: "scalar", text: "", plain: true, start: keyStart, end: keyStart };
    } else {
      value = text.charCodeAt(state.pos) === PIPE ? readLiteral(state, column) : readInline(state, column, depth + 1);
      toContent(state);
    }
    entries.push({ key, keyStart, value });
    if (state.pos < text.length && state.column > column) decline();
  }
  return { kind: "map", entries, start };
}

/** A list whose dashes are at the column; `parent` is the column of the map that it may share it with, or -1. */
function readBlockList(state: State, column: number, parent: number): ListNode {
  const { text } = state;
  const items: Node[] = [];
  const start = state.pos;
  while (state.pos < text.length && state.column === column) {
    if (!isDash(state)) {
      if (parent === column) break;
      decline();
    }
    state.pos += 1;
    skipSpaces(state);
    if (atLineEnd(state)) decline();
    items.push(readInline(state, column, 1));
    toContent(state);
    if (state.pos < text.length && state.column > column) decline();
  }
  return { kind: "list", items, start };
}

/** A value that begins on this line and, unless it is in brackets, ends on it. Moves to the end of the line. */
function readInline(state: State, column: number, depth: number): Node {
  const first = state.text.charCodeAt(state.pos);
  let value: Node;
  if (first === QUOTE || first === APOSTROPHE) value = readQuoted(state);
  else if (first === OPEN_MAP || first === OPEN_LIST) value = readFlow(state, column, depth);
  else return readPlain(state);
  endLine(state);
  return value;
}

/** Up to the end of the line or a comment. */
function readPlain(state: State): ScalarNode {
  const { text, pos: start } = state;
  if (!startsPlain(text, start)) decline();
  let pos = start;
  let end = start;
  for (; pos < text.length; pos++) {
    const char = text.charCodeAt(pos);
    if (char === NEWLINE) break;
    if (char === SPACE) continue;
    if (char === HASH && end < pos) break;
    if (char === COLON && isBlank(text.charCodeAt(pos + 1))) decline();
    end = pos + 1;
  }
  state.pos = pos;
  return { kind: "scalar", text: text.slice(start, end), plain: true, start, end };
}

function readQuoted(state: State): ScalarNode {
  const { text, pos: start } = state;
  const quote = text.charCodeAt(start);
  let pos = start + 1;
  let escaped = false;
  for (; ; pos++) {
    const char = text.charCodeAt(pos);
    if (char === quote) {
      if (quote === QUOTE || text.charCodeAt(pos + 1) !== APOSTROPHE) break;
      escaped = true;
      pos += 1;
    } else if (char === BACKSLASH && quote === QUOTE) {
      escaped = true;
      pos += 1;
    }
    if (char === NEWLINE || pos >= text.length) decline();
  }
  const inner = text.slice(start + 1, pos);
  state.pos = pos + 1;
  const value = !escaped ? inner : quote === APOSTROPHE ? inner.replaceAll("''", "'") : unescape(inner);
  return { kind: "scalar", text: value, plain: false, start, end: pos + 1 };
}

/** JSON's escapes mean the same in YAML; the others are declined. */
function unescape(inner: string): string {
  try {
    return String(JSON.parse(`"${inner}"`));
  } catch {
    return decline();
  }
}

/** `|` with `-` or `+`: lines as they are, without their indentation. */
function readLiteral(state: State, column: number): ScalarNode {
  const { text, pos: start } = state;
  let pos = start + 1;
  const chomp = text[pos] === "-" || text[pos] === "+" ? text[pos++] : "";
  state.pos = pos;
  endLine(state);
  const lines: string[] = [];
  let indent = -1;
  let blanks = 0;
  for (pos = state.pos + 1; ;) {
    if (pos >= text.length) break;
    const end = text.indexOf("\n", pos);
    if (end < 0) decline();
    if (end === pos) {
      blanks += 1;
      lines.push("");
      pos = end + 1;
      continue;
    }
    let first = pos;
    while (text.charCodeAt(first) === SPACE) first++;
    const own = first - pos;
    if (first === end) decline();
    if (own <= column) break;
    if (indent < 0) indent = own;
    if (own < indent) decline();
    lines.push(text.slice(pos + indent, end));
    blanks = 0;
    pos = end + 1;
  }
  if (indent < 0) decline();
  const kept = chomp === "+" ? lines : lines.slice(0, lines.length - blanks);
  state.pos = pos - 1;
  return { kind: "scalar", text: kept.join("\n") + (chomp === "-" ? "" : "\n"), plain: false, start, end: start + 1 };
}

/** A map or list in brackets; further lines must be indented more than the block that it stands in. */
function readFlow(state: State, column: number, depth: number): Node {
  if (depth > MAX_DEPTH) decline();
  const { text, pos: start } = state;
  const isMap = text.charCodeAt(start) === OPEN_MAP;
  const close = isMap ? CLOSE_MAP : CLOSE_LIST;
  const entries: Entry[] = [];
  const items: Node[] = [];
  state.pos += 1;
  for (;;) {
    skipFlowSpace(state, column);
    if (text.charCodeAt(state.pos) === close) break;
    if (isMap) {
      const keyStart = state.pos;
      const isQuoted = text.charCodeAt(keyStart) === QUOTE || text.charCodeAt(keyStart) === APOSTROPHE;
      const key = readKey(state);
      const next = text.charCodeAt(state.pos);
      if (!isQuoted && next !== SPACE && next !== NEWLINE) decline();
      skipFlowSpace(state, column);
      entries.push({ key, keyStart, value: readFlowValue(state, column, depth) });
    } else items.push(readFlowValue(state, column, depth));
    skipFlowSpace(state, column);
    const next = text.charCodeAt(state.pos);
    if (next === COMMA) state.pos += 1;
    else if (next !== close) decline();
  }
  state.pos += 1;
  return isMap ? { kind: "map", entries, start } : { kind: "list", items, start };
}

function readFlowValue(state: State, column: number, depth: number): Node {
  const { text, pos: start } = state;
  const first = text.charCodeAt(start);
  if (first === OPEN_MAP || first === OPEN_LIST) return readFlow(state, column, depth + 1);
  if (first === QUOTE || first === APOSTROPHE) return readQuoted(state);
  if (!startsPlain(text, start)) decline();
  let pos = start;
  let end = start;
  for (; pos < text.length; pos++) {
    const char = text.charCodeAt(pos);
    if (char === NEWLINE || char === COMMA || char === CLOSE_MAP || char === CLOSE_LIST) break;
    if (char === SPACE) continue;
    if (char === OPEN_MAP || char === OPEN_LIST || char === HASH) decline();
    if (char === COLON && KEY_CHARACTER[text.charCodeAt(pos + 1)] !== true) decline();
    end = pos + 1;
  }
  state.pos = pos;
  return { kind: "scalar", text: text.slice(start, end), plain: true, start, end };
}

/** A key and its colon. */
function readKey(state: State): string {
  const { text, pos: start } = state;
  const first = text.charCodeAt(start);
  let key: string;
  if (first === QUOTE || first === APOSTROPHE) key = readQuoted(state).text;
  else {
    let pos = start;
    while (KEY_CHARACTER[text.charCodeAt(pos)]) pos++;
    if (pos === start || first === DASH) decline();
    key = text.slice(start, pos);
    state.pos = pos;
  }
  if (text.charCodeAt(state.pos) !== COLON || state.pos - start > MAX_KEY_LENGTH) decline();
  state.pos += 1;
  return key;
}

/** To the first character of the next line with content; false at the end of the text. `pos` is at a line's end or start. */
function toContent(state: State): boolean {
  const { text } = state;
  let pos = state.pos;
  for (;;) {
    if (text.charCodeAt(pos) === NEWLINE) pos++;
    const lineStart = pos;
    while (text.charCodeAt(pos) === SPACE) pos++;
    const char = text.charCodeAt(pos);
    if (char === HASH) {
      pos = text.indexOf("\n", pos);
      if (pos < 0) pos = text.length;
    } else if (char !== NEWLINE && pos < text.length) {
      state.pos = pos;
      state.column = pos - lineStart;
      return true;
    }
    if (pos >= text.length) {
      state.pos = pos;
      return false;
    }
  }
}

/** Spaces, line ends and comments between the parts of a flow map or list. */
function skipFlowSpace(state: State, column: number): void {
  const { text } = state;
  let lineStart = -1;
  for (;;) {
    skipSpaces(state);
    const char = text.charCodeAt(state.pos);
    if (char === HASH) {
      // Without a space before it the package takes no comment here, even at the start of a line.
      if (text.charCodeAt(state.pos - 1) !== SPACE) decline();
      state.pos = text.indexOf("\n", state.pos);
      if (state.pos < 0) decline();
    } else if (char === NEWLINE) lineStart = ++state.pos;
    else {
      if (lineStart >= 0 && state.pos - lineStart <= column) decline();
      if (lineStart === state.pos && (text.startsWith("---", lineStart) || text.startsWith("...", lineStart))) decline();
      return;
    }
  }
}

/** Only spaces and a comment may follow on the line. */
function endLine(state: State): void {
  skipSpaces(state);
  if (!atLineEnd(state)) decline();
}

/** At a line's end, or at a comment that it skips. */
function atLineEnd(state: State): boolean {
  const { text } = state;
  const char = text.charCodeAt(state.pos);
  if (state.pos >= text.length || char === NEWLINE) return true;
  if (char !== HASH || text.charCodeAt(state.pos - 1) !== SPACE) return false;
  const end = text.indexOf("\n", state.pos);
  state.pos = end < 0 ? text.length : end;
  return true;
}

function skipSpaces(state: State): void {
  while (state.text.charCodeAt(state.pos) === SPACE) state.pos++;
}

/** At a list's dash: one followed by a space. */
function isDash(state: State): boolean {
  return state.text.charCodeAt(state.pos) === DASH && state.text.charCodeAt(state.pos + 1) === SPACE;
}

function startsPlain(text: string, pos: number): boolean {
  const first = text.charCodeAt(pos);
  return PLAIN_START[first] === true && (first !== DASH || KEY_CHARACTER[text.charCodeAt(pos + 1)] === true);
}

/** A space, a line's end, or the end of the text. */
function isBlank(char: number): boolean {
  return char === SPACE || char === NEWLINE || Number.isNaN(char);
}

function decline(): never {
  throw DECLINED;
}

function characterTable(pattern: RegExp): readonly boolean[] {
  return Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)));
}
