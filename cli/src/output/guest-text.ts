/**
 * What a guest wrote, for somebody's terminal: the ways to colour text and to move the cursor are taken out, other
 * control characters are made visible. A guest is not to draw on the terminal of whoever reads its log.
 */
import { escapeText } from "./escape.ts";

/** ECMA-48 control sequences, complete. */
const SEQUENCE = /\u001b\[[0-?]*[ -/]*[@-~]/g;
/** The beginning of one, or of a line's end, that the next bytes may complete. */
const UNFINISHED = /(?:\r+|\u001b(?:\[[0-?]{0,32}[ -/]{0,8})?)$/;

export class GuestText {
  readonly #decoder = new TextDecoder();
  #held = "";

  /** The text of these bytes, as far as it is known what they mean. */
  push(bytes: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    const at = UNFINISHED.exec(text)?.index ?? text.length;
    this.#held = text.slice(at);
    return readable(text.slice(0, at));
  }

  /** What is left at the end. */
  end(): string {
    const text = this.#held + this.#decoder.decode();
    this.#held = "";
    return readable(text);
  }
}

function readable(text: string): string {
  return escapeText(text.replace(/\r+\n/g, "\n").replace(SEQUENCE, ""));
}
