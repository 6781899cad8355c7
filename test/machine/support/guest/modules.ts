import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/**
 * Files of these kernel modules and of what they need, each after what it needs; as they lie under the folder. Their
 * package has no `modules.dep`: that is made when it is installed, from what each module says of itself. A module that
 * is not there is part of the kernel.
 */
export async function modulesInOrder(folder: string, wanted: readonly string[]): Promise<readonly string[]> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.name.endsWith(".ko")) files.set(canonical(entry.name.slice(0, -3)), path.join(entry.parentPath, entry.name));
  }
  const ordered = new Set<string>();
  const add = async (name: string): Promise<void> => {
    const file = files.get(canonical(name));
    if (file === undefined || ordered.has(file)) return;
    const text = await readFile(file, "latin1");
    for (const needed of /\0depends=([^\0]+)\0/.exec(text)?.[1]?.split(",") ?? []) await add(needed);
    ordered.add(file);
  };
  for (const name of wanted) await add(name);
  return [...ordered];
}

/** Modules are called by the one sign and their files by the other. */
function canonical(name: string): string {
  return name.replaceAll("-", "_");
}
