import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { agentConfig, GhostError, problem } from "@ghost/schemas";
import type { AgentConfigFile, Diagnostic, Diagnostics } from "@ghost/schemas";
import { validateAgentConfig } from "@ghost/schemas/validators";
import type { AgentConfig } from "./agent-config.ts";
import { isObject, overridesOf, withOverrides } from "./environment.ts";
import type { Override } from "./environment.ts";
import type { Complaint } from "./explain.ts";
import { explain } from "./explain.ts";
import { resolveConfig } from "./resolve.ts";
import { NO_SOURCE, readSource } from "./source.ts";
import type { ConfigSource } from "./source.ts";

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** Keys without effect, and reports in plain text. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads agent.yaml (defaults alone without a path) and the environment. Throws AGENT_CONFIG with every problem at
 * once, each with its line or its variable.
 */
export async function loadAgentConfig(path: string | undefined, env: Readonly<Record<string, string | undefined>>): Promise<LoadedConfig> {
  const source = path === undefined ? NO_SOURCE : await readSource(path, await readText(path));
  throwAny(source.problems);
  const overrides = overridesOf(env);
  const toDiagnostic = diagnosticMaker(source, overrides, path);

  const written = withOverrides(withoutNulls(source.value), overrides);
  if (!validateAgentConfig(written)) {
    throwAny((validateAgentConfig.errors ?? []).map((error) => toDiagnostic("error", explain(error, written))));
  }
  const { config, errors, warnings } = resolveConfig(written as AgentConfigFile, {
    folder: path === undefined ? process.cwd() : dirname(resolve(path)),
    env,
  });
  throwAny(errors.map((complaint) => toDiagnostic("error", complaint)));
  return { config, warnings: warnings.map((complaint) => toDiagnostic("warning", complaint)) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (reason) {
    const why =
      (reason as NodeJS.ErrnoException).code === "ENOENT" ? "it is not there" : reason instanceof Error ? reason.message : String(reason);
    throw problem(
      "AGENT_CONFIG",
      `${path} cannot be read: ${why}.`,
      { hint: "Give the path of an agent.yaml; docs/reference/agent-config.md describes its keys." },
      { cause: reason },
    );
  }
}

/** A complaint with the place it is about: the variable that set the value, or the line. */
function diagnosticMaker(source: ConfigSource, overrides: readonly Override[], file: string | undefined) {
  return (severity: Diagnostic["severity"], { path, atKey, detail, hint }: Complaint): Diagnostic => {
    const override = overrides.find((each) => each.path.every((key, depth) => key === path[depth]));
    const place = override === undefined ? source.locate(path, atKey === true ? "key" : undefined) : undefined;
    const text = override === undefined ? detail : `${detail} The environment variable ${override.variable} sets it.`;
    return {
      code: "AGENT_CONFIG",
      severity,
      detail: text,
      hint,
      path,
      ...(place ?? (override === undefined && file !== undefined ? { at: { file, line: 1, column: 1 } } : {})),
    };
  };
}

/** A known key without a value is an absent one: a section whose lines are all commented out stays valid. */
function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, own]) => {
    const attribute = Object.hasOwn(agentConfig.attributes, name)
      ? agentConfig.attributes[name as keyof typeof agentConfig.attributes]
      : undefined;
    if (attribute === undefined) return [[name, own]];
    if (own === null) return [];
    if (attribute.kind !== "object" || !isObject(own)) return [[name, own]];
    return [
      [name, Object.fromEntries(Object.entries(own).filter(([key, inner]) => inner !== null || !Object.hasOwn(attribute.attributes, key)))],
    ];
  });
  return Object.fromEntries(entries.flat());
}

function throwAny(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) throw new GhostError(diagnostics as unknown as Diagnostics);
}
