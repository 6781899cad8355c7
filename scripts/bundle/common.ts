/** What every bundle has in common. */
import path from "node:path";
import type { BuildOptions, Plugin } from "esbuild";

export const ROOT = path.join(import.meta.dirname, "../..");
export const NEEDED_MAJOR = 24;

/** grpc-js asks for it only to serve channelz, which nobody here does; it is a quarter of a megabyte. */
const noProtoLoader: Plugin = {
  name: "no-proto-loader",
  setup(build) {
    build.onResolve({ filter: /^@grpc\/proto-loader$/ }, () => ({ path: "proto-loader", namespace: "no-proto-loader" }));
    build.onLoad({ filter: /.*/, namespace: "no-proto-loader" }, () => ({
      contents: 'exports.loadSync = () => { throw new Error("channelz is not in this bundle"); };',
    }));
  },
};

/** Sources of the workspace to one piece of JavaScript for Node; nothing is written. */
export const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  // Identifiers keep their names: they show in errors, and keeping them any other way costs time at every start.
  minifyWhitespace: true,
  minifySyntax: true,
  platform: "node",
  target: `node${NEEDED_MAJOR}`,
  conditions: ["@ghost/source"],
  // Licences that packages have in a file of their own are in THIRD-PARTY-NOTICES.txt.
  legalComments: "linked",
  metafile: true,
  write: false,
  plugins: [noProtoLoader],
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
  logLevel: "warning",
} as const satisfies BuildOptions;
