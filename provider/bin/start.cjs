/*
 * The way in of the released provider, in JavaScript that any Node can read: says which Node is needed, and runs
 * provider.cjs, which is beside it, through V8's code cache.
 *
 * (1) The cache is in a folder of the user alone and never beside this file: Terraform's lock file has the hash of
 *     everything that is there.
 * (2) A cache that is missing, stale, of another Node or damaged costs time and nothing else: V8 refuses what another
 *     V8 wrote, and does not look for damage, so the digest in front of it is compared first.
 * (3) This is quicker than `module.enableCompileCache`, since functions that ran are in the cache too.
 */
"use strict";

var NEEDED_MAJOR = 24;
/** The bundle's digest, put here when it is made. */
var BUILD = "development";
var KEPT_MS = 30 * 24 * 3600 * 1000;
var DIGEST_BYTES = 32;

if (Number(process.versions.node.split(".")[0]) < NEEDED_MAJOR) refuse();
else start();

function refuse() {
  var message =
    "Error: the Ghost provider needs Node " +
    NEEDED_MAJOR +
    " or newer; this is " +
    process.version +
    " (" +
    process.execPath +
    "). Install Node " +
    NEEDED_MAJOR +
    ", or set GHOST_NODE to one.\n";
  process.stderr.write(message);
  // Terraform shows what it reads where it expects the handshake, and hides what is on stderr.
  if (process.env.TF_PLUGIN_MAGIC_COOKIE) process.stdout.write(message);
  process.exitCode = 1;
}

function start() {
  const fs = require("node:fs");
  const path = require("node:path");
  const vm = require("node:vm");
  const file = path.join(__dirname, "provider.cjs");
  const folder = cacheFolder(process.env);
  const cacheFile = folder && path.join(folder, `provider-${BUILD}-${process.version}-${process.arch}.bin`);
  const cachedData = cacheFile && readCache(fs, cacheFile);
  // All of it is ASCII, and this way it is not decoded.
  const source = fs.readFileSync(file, "latin1");
  const script = new vm.Script(`(function(require,module,exports){${source}\n})`, { filename: file, cachedData });
  if (cacheFile && (cachedData === undefined || script.cachedDataRejected)) {
    process.on("exit", () => writeCache(fs, path, folder, cacheFile, script.createCachedData()));
  }
  const main = { exports: {} };
  script.runInThisContext()(process.getBuiltinModule, main, main.exports);
}

/** Like the CLI's: $XDG_CACHE_HOME/ghost/code, or ~/.cache. */
function cacheFolder(env) {
  if (process.platform === "win32") return env.LOCALAPPDATA && `${env.LOCALAPPDATA}\\ghost\\code`;
  const base = env.XDG_CACHE_HOME || (env.HOME && `${env.HOME}/.cache`);
  return base && base.startsWith("/") ? `${base}/ghost/code` : undefined;
}

function readCache(fs, cacheFile) {
  try {
    const bytes = fs.readFileSync(cacheFile);
    const data = bytes.subarray(DIGEST_BYTES);
    return digestOf(data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(fs, path, folder, cacheFile, data) {
  const written = `${cacheFile}.${process.pid}`;
  try {
    // One by one: below a folder like /proc a recursive mkdir of Node's never ends.
    for (const part of [path.dirname(path.dirname(folder)), path.dirname(folder), folder])
      if (!fs.existsSync(part)) fs.mkdirSync(part, { mode: 0o700 });
    fs.writeFileSync(written, Buffer.concat([digestOf(data), data]), { mode: 0o600 });
    fs.renameSync(written, cacheFile);
    for (const name of fs.readdirSync(folder)) {
      const other = path.join(folder, name);
      if (name.startsWith("provider-") && fs.statSync(other).mtimeMs < Date.now() - KEPT_MS) fs.unlinkSync(other);
    }
  } catch {
    // A home that is missing, full or read-only: then the code is compiled each time.
  }
}

function digestOf(data) {
  return process.getBuiltinModule("node:crypto").hash("sha256", data, "buffer");
}
