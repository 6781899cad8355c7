// Plain JavaScript for any Node: starts Ghost on this Node, on the one that is pinned in the checkout, or says what it needs.
import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
const here = path.dirname(fileURLToPath(import.meta.url));

/** @param {"ghost" | "ghostctl"} program */
export async function launch(program) {
  if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) {
    const { start } = await import(await entry());
    await start(program);
    return;
  }
  const pinned = path.join(here, "..", "..", "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
  if (fs.existsSync(pinned)) return rerun(pinned);
  process.stderr.write(
    `Error: Ghost needs Node ${NEEDED_MAJOR} or newer; this is ${process.version} (${process.execPath}).\n` +
      `  Install Node ${NEEDED_MAJOR}. In a checkout of Ghost, "npm ci" is enough: it brings the right one.\n`,
  );
  process.exitCode = 1;
}

/** In a checkout the TypeScript source, where packages of the workspace resolve to their source too; else what was built. */
async function entry() {
  const source = path.join(here, "..", "src", "start.ts");
  if (here.split(path.sep).includes("node_modules") || !fs.existsSync(source)) return "../dist/start.js";
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, specifier.startsWith("@ghost/") ? { ...context, conditions: [...context.conditions, "@ghost/source"] } : context),
  });
  await import("../../scripts/tsx-hook.js");
  return "../src/start.ts";
}

/** @param {string} node */
async function rerun(node) {
  const { spawn } = await import("node:child_process");
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both processes; only where there is none must it be handed on.
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => atTerminal || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`Error: ${node} does not start: ${error.message}\n  Run "npm ci" in the checkout of Ghost.\n`);
    process.exitCode = 1;
  });
  child.on("close", (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
