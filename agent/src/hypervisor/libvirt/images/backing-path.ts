import { dirname, resolve } from "node:path";

/**
 * The file that the name of a backing file means to QEMU, in the qcow2 at `path`: a path, relative to that file, or a
 * description as JSON. Undefined for what is on a network. RangeError ("it …") for a description that names no file.
 */
export function backingPath(name: string, path: string): string | undefined {
  const inFolder = (file: string): string => resolve(dirname(path), file);
  if (name.startsWith("json:")) {
    const file = fileNameIn(parsed(name.slice("json:".length)));
    if (file === undefined) throw new RangeError(`it stands on ${name}, and nobody knows which file that is`);
    return inFolder(file);
  }
  if (name.startsWith("file:")) return inFolder(name.slice("file:".length));
  return /^[a-z][a-z0-9+-]*:/.test(name) ? undefined : inFolder(name);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of the nested layers (`file`) the innermost names it, as `filename` or `file.filename`. */
function fileNameIn(description: unknown): string | undefined {
  if (typeof description !== "object" || description === null) return undefined;
  for (const [key, value] of Object.entries(description)) {
    if (typeof value === "string" && /(^|\.)filename$/.test(key)) return value.replace(/^file:/, "");
    const inside = fileNameIn(value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
