import { createInterface } from "node:readline/promises";
import type { Session } from "./session.ts";

/**
 * Asks at the terminal until there is an answer. `word` is what must be typed for yes: `yes` also takes `y`, any
 * other word (for what cannot be undone) must be typed whole. Everything else, Ctrl-C and the end of input are no.
 */
export async function confirm(session: Session, question: string, word: string): Promise<boolean> {
  const { style } = session.talk;
  const stdin = session.stdin();
  session.stderr.write(`${style.bold(question)} Type ${style.bold(word)} to go on: `);
  const readline = createInterface({ input: stdin, terminal: false });
  try {
    const answer = await new Promise<string>((resolve) => {
      const refuse = (): void => resolve("");
      readline.once("line", resolve);
      readline.once("close", refuse);
      session.stop.addEventListener("abort", refuse, { once: true });
    });
    const typed = answer.trim().toLowerCase();
    const agreed = typed === word || (word === "yes" && typed === "y");
    if (!answer.includes("\n") && answer === "") session.stderr.write("\n");
    return agreed;
  } finally {
    readline.close();
    stdin.pause();
  }
}
