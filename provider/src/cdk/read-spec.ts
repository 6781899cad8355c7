import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { DesiredAgent, DesiredVm, SpecSource } from "@ghost/engine";
import { parseSpecNow } from "@ghost/engine/parse-now";
import type { Attribute, Attributes, Diagnostic } from "@ghost/schemas";
import { agent, problem, vm } from "@ghost/schemas";
import { WRITE_ONLY, WRITE_ONLY_VERSION } from "../faces/terraform-schema.ts";
import { describeProblem } from "../ghost/functions/spec-problems.ts";
import type { AttributeValues, ReadOptions, ReadSpec, ResolvedAgent, ResolvedSecret, ResolvedVm } from "./resolved-spec.ts";

/** As `ghost` itself takes them. */
const MAX_FILE_BYTES = 8 * 2 ** 20;

/** Reads a spec with the parser of the `ghost` command, at once: a construct's constructor cannot wait. */
export const readSpec: ReadSpec = (options) => {
  const { desired, diagnostics } = parseSpecNow(sourcesOf(options), {
    cwd: options.cwd,
    env: options.env,
    // A file of variables keeps the types of its values, and JSON is YAML.
    ...(options.variables !== undefined && { variables: { files: [{ file: "variables", text: JSON.stringify(options.variables) }] } }),
  });
  if (desired === undefined) throw new SpecError(diagnostics);
  const replicas = new Map<string, string[]>();
  for (const { key, name } of desired.vms) replicas.set(key, [...(replicas.get(key) ?? []), name]);
  const namesOf = (key: string): readonly string[] => replicas.get(key) ?? [];
  // As the planner has it: a name that a VM has now was nobody's, and of replicas the first takes a former one.
  const taken = new Set(desired.vms.map(({ name }) => name));
  const takeFormer = (name: string): boolean => {
    const isFree = !taken.has(name);
    taken.add(name);
    return isFree;
  };
  return {
    stack: desired.stack,
    agents: desired.agents.map(toAgent),
    vms: desired.vms.map((one) => ({
      name: one.name,
      ...attributesOf(one),
      dependsOn: one.dependsOn.flatMap(namesOf),
      previousNames: one.previousNames.filter(takeFormer),
    })),
  };
};

/** What is wrong with a spec, as text for people. */
export class SpecError extends Error {
  override readonly name = "SpecError";

  constructor(diagnostics: readonly Diagnostic[]) {
    super(`The Ghost spec has a problem.\n\n${diagnostics.map(describeProblem).join("\n\n")}`);
  }
}

function sourcesOf({ file, text, cwd }: ReadOptions): readonly SpecSource[] {
  if ((file === undefined) === (text === undefined)) throw new Error("A Ghost spec is either a file or a text: give one of the two.");
  if (text !== undefined) return [{ file: "<text>", folder: cwd, text }];
  const given = file as string;
  const absolute = path.resolve(cwd, given);
  try {
    if (!statSync(absolute).isDirectory()) return [sourceOf(given, absolute)];
    const names = readdirSync(absolute)
      .filter((name) => /^[^.].*\.ya?ml$/u.test(name))
      .toSorted();
    if (names.length > 0) return names.map((name) => sourceOf(path.join(given, name), path.join(absolute, name)));
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === undefined) throw reason;
    if (code !== "ENOENT") throw new SpecError([notRead(`${given} cannot be read (${code}).`)]);
  }
  const hint = `Relative paths start at ${cwd}.`;
  throw new SpecError(
    problem("SPEC_NOT_FOUND", `There is no file ${given}, and no folder of that name with *.yaml files.`, { hint }).diagnostics,
  );
}

function sourceOf(file: string, absolute: string): SpecSource {
  if (statSync(absolute).size > MAX_FILE_BYTES) throw new SpecError([notRead(`${file} is larger than a spec may be (8 MiB).`)]);
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    return { file, folder: path.dirname(absolute), text: text.decode(readFileSync(absolute)) };
  } catch (reason) {
    if (reason instanceof TypeError) throw new SpecError([notRead(`${file} is not UTF-8 text.`)]);
    throw reason;
  }
}

function notRead(detail: string): Diagnostic {
  return { code: "SPEC_UNREADABLE", severity: "error", detail };
}

function toAgent({ name, address, tls, timeoutMs, settings }: DesiredAgent): ResolvedAgent {
  const { attributes } = agent;
  const timeoutS = timeoutMs / 1000;
  const connection = { address, tls, timeout_s: timeoutS === attributes.timeout_s.default ? undefined : timeoutS };
  return {
    name,
    connection: toAttributes(attributes, connection),
    ...(Object.keys(settings).length > 0 && { settings: toAttributes(attributes.settings.attributes, settings) }),
  };
}

function attributesOf({ agent: agentName, config, adopt, secrets: references }: DesiredVm): Pick<ResolvedVm, "attributes" | "secrets"> {
  // Its values are in the configuration already; in Terraform the word means an image that the agent keeps.
  const { template: _, ...own } = config;
  const secrets: ResolvedSecret[] = [];
  const attributes = toAttributes(vm.attributes, { ...own, agent: agentName, adopt: adopt || undefined }, (written, generated) => {
    const reference = references[written.join(".")];
    if (reference !== undefined) secrets.push({ path: generated, reference });
  });
  return { attributes, secrets };
}

type OnSecret = (written: readonly string[], generated: readonly [string, ...string[]]) => void;

/** Names as the generators of constructs make them of Terraform's; a secret `x` is the version `xWoVersion`, and its value goes to `xWo`. */
function toAttributes(
  attributes: Attributes,
  values: Readonly<Record<string, unknown>>,
  onSecret: OnSecret = () => {},
  written: readonly string[] = [],
  generated: readonly string[] = [],
): AttributeValues {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const attribute = attributes[name];
    if (value === undefined || attribute === undefined) continue;
    if (attribute.sensitive === true) {
      result[camelCase(`${name}${WRITE_ONLY_VERSION}`)] = (value as { readonly version: number }).version;
      onSecret([...written, name], [...generated, camelCase(`${name}${WRITE_ONLY}`)] as unknown as [string, ...string[]]);
    } else result[camelCase(name)] = toValue(attribute, value, onSecret, [...written, name], [...generated, camelCase(name)]);
  }
  return result;
}

function toValue(
  attribute: Attribute,
  value: unknown,
  onSecret: OnSecret,
  written: readonly string[],
  generated: readonly string[],
): unknown {
  switch (attribute.kind) {
    case "string":
    case "integer":
    case "boolean":
    case "list":
      return value;
    case "map":
      return Object.fromEntries(
        Object.entries(value as Readonly<Record<string, unknown>>).map(([key, inner]) => [
          key,
          toValue(attribute.of, inner, onSecret, [...written, key], [...generated, key]),
        ]),
      );
    case "object":
      return toAttributes(attribute.attributes, value as Readonly<Record<string, unknown>>, onSecret, written, generated);
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
