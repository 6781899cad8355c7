import { readFile } from "node:fs/promises";
import { problem } from "@ghost/schemas";

/**
 * The value behind a reference of `DesiredVm.secrets`: `env:NAME`, or `file:PATH` with an absolute path, without the
 * newline at its end. Throws SECRET_NOT_FOUND; the value itself is in no message.
 */
export async function resolveSecret(reference: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const [kind, name] = splitOnce(reference);
  if (kind === "env") {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== "") return value;
    throw problem(
      "SECRET_NOT_FOUND",
      `The environment variable ${name}, which a secret is to come from, is ${value === undefined ? "not set" : "empty"}.`,
      { hint: `Set ${name} where Ghost runs.` },
    );
  }
  try {
    const value = (await readFile(name, "utf8")).replace(/\r?\n$/, "");
    if (value !== "") return value;
  } catch (reason) {
    throw problem(
      "SECRET_NOT_FOUND",
      `The file ${name}, which a secret is to come from, cannot be read (${(reason as NodeJS.ErrnoException).code}).`,
      { hint: "Write the secret into that file, or name another one in the spec." },
      { cause: reason },
    );
  }
  throw problem("SECRET_NOT_FOUND", `The file ${name}, which a secret is to come from, is empty.`, {
    hint: "Write the secret into that file.",
  });
}

function splitOnce(reference: string): readonly [kind: string, name: string] {
  const at = reference.indexOf(":");
  return [reference.slice(0, at), reference.slice(at + 1)];
}
