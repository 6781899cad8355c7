/**
 * Loaded into an agent before its own code (`node --import`): counts what it changes in files and records, and ends it at
 * once, as `kill -9` does, right before the change that a test chose. See crash.ts.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { StatementSync } from "node:sqlite";

const folder = process.env["GHOST_TEST_CRASH"] ?? "";
const leftFile = path.join(folder, "left");

/** Called right before a change. */
function passes(what: string): void {
  const left = existsSync(leftFile) ? Number(readFileSync(leftFile, "utf8")) : 0;
  if (left === 0) return;
  appendFileSync(path.join(folder, "passed"), `${what}\n`);
  writeFileSync(leftFile, String(left - 1));
  if (left === 1) process.kill(process.pid, "SIGKILL");
}

const short = (file: unknown): string => path.basename(String(file)).replace(/[0-9a-f-]{32,}/g, "…");

const { open, rename, link, rm, rmdir, mkdir } = promises;
Object.assign(promises, {
  open: async (...args: Parameters<typeof open>) => {
    if (typeof args[1] === "string" && args[1] !== "r") passes(`open ${short(args[0])}`);
    return await open(...args);
  },
  rename: async (...args: Parameters<typeof rename>) => {
    passes(`rename ${short(args[0])}`);
    await rename(...args);
  },
  link: async (...args: Parameters<typeof link>) => {
    passes(`link ${short(args[0])}`);
    await link(...args);
  },
  rm: async (...args: Parameters<typeof rm>) => {
    if (existsSync(args[0])) passes(`rm ${short(args[0])}`);
    await rm(...args);
  },
  rmdir: async (...args: Parameters<typeof rmdir>) => {
    passes(`rmdir ${short(args[0])}`);
    await rmdir(...args);
  },
  mkdir: async (...args: Parameters<typeof mkdir>) => {
    if (!existsSync(args[0])) passes(`mkdir ${short(args[0])}`);
    return await mkdir(...args);
  },
});
syncBuiltinESMExports();

// oxlint-disable-next-line typescript/unbound-method -- it is bound where it is called
const { run } = StatementSync.prototype;
StatementSync.prototype.run = function (this: StatementSync, ...args: Parameters<typeof run>) {
  if (this.sourceSQL === "COMMIT") passes("commit");
  return run.apply(this, args);
} as typeof run;
