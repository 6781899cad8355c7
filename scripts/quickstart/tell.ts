/** What the quickstarts say on the terminal. */
const color = process.stdout.isTTY && !process.env["NO_COLOR"];

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function title(text: string): void {
  say(`\n${color ? "\x1b[1m" : ""}── ${text}${color ? "\x1b[0m" : ""}`);
}

/** A command as a person can type it. */
export function sayCommand(words: readonly string[]): void {
  sayLine(words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(" "));
}

export function sayLine(line: string): void {
  say(`${color ? "\x1b[2m" : ""}$ ${line}${color ? "\x1b[0m" : ""}`);
}
