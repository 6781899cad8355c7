/** C0 but tab and newline, DEL, C1, line separators, and the marks that turn the direction of text. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/**
 * What Terraform prints as it is. A message may have words of others in it, which must not move a reader's cursor, hide
 * a line or turn it around: such characters become visible escapes.
 */
export function toPrintable(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}
