import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GuestText } from "./guest-text.ts";

function shown(bytes: Uint8Array, pieceBytes: number): string {
  const text = new GuestText();
  let all = "";
  for (let at = 0; at < bytes.length; at += pieceBytes) all += text.push(bytes.subarray(at, at + pieceBytes));
  return all + text.end();
}

suite("GuestText", () => {
  const cases: readonly (readonly [name: string, given: string, want: string])[] = [
    ["lines of a serial line", "one\r\ntwo\r\r\nthree\n", "one\ntwo\nthree\n"],
    ["colours are taken out", "[\u001b[0;32m  OK  \u001b[0m] Started", "[  OK  ] Started"],
    ["so are a cleared screen and a moved cursor", "a\u001b[2J\u001b[01;01Hb\u001b[?25lc", "abc"],
    ["a title for the window is visible", "\u001b]0;pwned\u0007", "\\e]0;pwned\\x07"],
    ["so is a line that writes over itself", "harmless\rharm", "harmless\\rharm"],
    ["and what no guest finishes", "\u001b[31", "\\e[31"],
    ["letters of every length", "é€😀", "é€😀"],
    ["text that turns around", "a\u202eb", "a\\u202eb"],
  ];
  for (const [name, given, want] of cases) {
    test(name, () => {
      const bytes = Buffer.from(given);
      for (const pieceBytes of [1, 2, 3, bytes.length]) assert.equal(shown(bytes, pieceBytes), want, `in pieces of ${pieceBytes}`);
    });
  }

  test("what is no text is shown as that", () => {
    assert.equal(shown(Buffer.from([0x61, 0xff, 0x00]), 1), "a\ufffd\\x00");
  });
});
