/**
 * The way in, for bin/ and for the bundle. `ghost version` is answered here, before anything is loaded; everything
 * else goes to main.ts, through V8's code cache.
 */
import { enableCompileCache } from "node:module";
import { versionLine } from "./version.ts";

export type Program = "ghost" | "ghostctl";

export async function start(program: Program): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && ["version", "--version", "-V"].includes(argv[0] ?? "")) {
    process.stdout.on("error", () => {});
    process.stdout.write(`${versionLine(program)}\n`);
    return;
  }
  const cache = cacheFolder(process.env);
  if (cache !== undefined) enableCompileCache(cache);
  const { main } = await import("./main.ts");
  await main(program, argv);
}

/** A folder of this user alone: code from a shared one could be somebody else's. */
function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const base = env["XDG_CACHE_HOME"] ?? (env["HOME"] === undefined ? undefined : `${env["HOME"]}/.cache`);
  return base?.startsWith("/") === true ? `${base}/ghost/code` : undefined;
}
