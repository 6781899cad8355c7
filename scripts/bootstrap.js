/**
 * `node scripts/bootstrap.js TASK [ARGS]`: the door to every script, for a bare clone and whatever Node is there.
 * Plain JavaScript without dependencies: installs what package-lock.json says when that was not done yet, then runs
 * the task on the pinned Node with TypeScript sources.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const OLDEST_NODE = 20;
const NEEDED_NODE = 24;
const TASKS = {
  quickstart: "scripts/quickstart.ts",
  "quickstart:real": "scripts/quickstart-real.ts",
  test: "scripts/test.ts",
  "test:terraform": "scripts/test-terraform.ts",
  "test:machine": "scripts/test-machine.ts",
  check: "scripts/check.ts",
  generate: "scripts/generate.ts",
  bundle: "scripts/bundle.ts",
  release: "scripts/release.ts",
  "build:cdk": "scripts/build-cdk.ts",
  bench: "test/bench/bench.ts",
};

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
/** Holds the hash of the package-lock.json that node_modules was made from. */
const stampFile = path.join(root, "node_modules", ".ghost-lock");

const [task = "", ...args] = process.argv.slice(2);
const script = Object.hasOwn(TASKS, task) ? TASKS[task] : undefined;

if (script === undefined) {
  fail(`there is no task "${task}"; there are ${Object.keys(TASKS).join(", ")}.`);
} else if (majorOf(process.versions.node) < OLDEST_NODE) {
  fail(`this is Node ${process.versions.node}; Node ${OLDEST_NODE} or newer is needed to start.`);
} else if (isInstalled() || install()) {
  const node = findNode();
  if (node === undefined) {
    fail(`Node ${NEEDED_NODE} or newer is needed, and npm has none for ${process.platform} ${process.arch}. Install it from nodejs.org.`);
  } else {
    run(node, path.join(root, script));
  }
}

function isInstalled() {
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === lockHash()) return true;
  if (!wasInstalledByHand()) return false;
  writeFileSync(stampFile, lockHash());
  return true;
}

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
}

/** True when npm's own record of node_modules names what package-lock.json names, but for packages of other platforms. */
function wasInstalledByHand() {
  const record = path.join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = packagesIn(record);
  const wanted = packagesIn(path.join(root, "package-lock.json"));
  delete wanted[""];
  const isSame = (name) => JSON.stringify(installed[name]) === JSON.stringify(wanted[name]);
  return Object.keys(installed).every(isSame) && Object.keys(wanted).every((name) => isSame(name) || wanted[name].optional === true);
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function install() {
  process.stderr.write("Installing the packages of package-lock.json into node_modules (npm ci) …\n");
  const startedAt = Date.now();
  // `npm run` says where npm is; on Windows there is no other way to start it without a shell.
  const npm = process.env.npm_execpath?.endsWith(".js") ? [process.execPath, process.env.npm_execpath] : ["npm"];
  // Below level "error" npm warns of every package that asks for a newer Node, which is about to be installed.
  const { status, error } = spawnSync(npm[0], [...npm.slice(1), "ci", "--loglevel=error", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) {
    fail(`npm ci failed${error ? `: ${error.message}` : ""}. It needs the npm registry; run "npm ci" to see all that it says.`);
    return false;
  }
  writeFileSync(stampFile, lockHash());
  process.stderr.write(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.\n`);
  return true;
}

/** GHOST_NODE, else the Node that package-lock.json pins, else this one if it is new enough. */
function findNode() {
  if (process.env.GHOST_NODE) return process.env.GHOST_NODE;
  const folder = path.join(root, "node_modules", `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`, "bin");
  const pinned = path.join(folder, process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(pinned)) return pinned;
  return majorOf(process.versions.node) >= NEEDED_NODE ? process.execPath : undefined;
}

function run(node, file) {
  const hook = pathToFileURL(path.join(root, "scripts", "tsx-hook.js")).href;
  const child = spawn(node, ["--conditions=@ghost/source", `--import=${hook}`, file, ...args], { stdio: "inherit" });
  // Ctrl-C reaches every process of the terminal; the child decides when to end.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`${node} does not start: ${error.message}`));
  child.on("close", (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}

function majorOf(version) {
  return Number(version.split(".")[0]);
}

function fail(message) {
  process.stderr.write(`Error: ${message}\n`);
  process.exitCode = 1;
}
