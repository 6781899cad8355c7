/**
 * The way in, for bin/ and for the bundle. `ghost version` is answered here, before anything is loaded; everything
 * else goes to main.ts, through V8's code cache.
 */
import { existsSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { versionLine } from "./version.ts";

export type Program = "ghost" | "ghostctl";

export async function start(program: Program): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && ["version", "--version", "-V"].includes(argv[0] ?? "")) {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.stderr.write(`Error: File cannot be written [FILE_NOT_WRITABLE]\n  Standard output cannot be written: ${error.message}.\n`);
      process.exitCode = 1;
    });
    process.stdout.write(`${versionLine(program)}\n`);
    return;
  }
  const cache = cacheFolder(process.env);
  if (cache !== undefined) enableCompileCache(cache);
  const { main } = await import("./main.ts");
  await main(program, argv);
}

/** A folder of this user alone, made when it is missing: code from a shared one could be somebody else's. */
function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const home = env["HOME"];
  const base = env["XDG_CACHE_HOME"] ?? (home === undefined ? undefined : `${home}/.cache`);
  if (base?.startsWith("/") !== true) return undefined;
  const folder = `${base}/ghost/code`;
  if (existsSync(folder)) return folder;
  try {
    for (const part of [base, `${base}/ghost`, folder]) if (!existsSync(part)) mkdirSync(part, { mode: 0o700 });
    return folder;
  } catch {
    // A home that is not there or cannot be written: then the code is compiled each time.
    return undefined;
  }
}
