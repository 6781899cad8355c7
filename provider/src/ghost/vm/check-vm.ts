import { checkConfig, quote, UNKNOWN } from "@ghost/engine";
import type { ConfigProblem } from "@ghost/engine";
import type { Attribute, Attributes, Diagnostic, VmConfig } from "@ghost/schemas";
import { vm } from "@ghost/schemas";
import { checkValues } from "../../faces/check.ts";
import { fromValues } from "../../faces/values.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { parseDuration } from "./timeouts.ts";
import { CONFIG_ATTRIBUTES } from "./vm-values.ts";

const ATTRIBUTES: Attributes = { ...CONFIG_ATTRIBUTES, agent: vm.attributes.agent as Attribute };

/** Everything that is wrong with a configuration, as far as it is known; what must be known to make a VM is not asked for. */
export function checkVm(config: Values): readonly Diagnostic[] {
  const problems = [...checkValues(ATTRIBUTES, config, ownerOf(config)), ...checkTimeouts(config)];
  // Between values that are wrong nothing can be said.
  if (problems.length > 0) return problems;
  return checkConfig(known(fromValues(CONFIG_ATTRIBUTES, config)), factsOf(config, false)).map(toDiagnostic);
}

/** What a VM that is to be made lacks. */
export function checkNewVm(config: Values, complete: VmConfig): readonly Diagnostic[] {
  return checkConfig(known(complete), factsOf(config, true)).map(toDiagnostic);
}

/** What is not known yet may turn out to be nothing: it contradicts nothing, and it is not missing. */
function known(config: object): VmConfig {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]: [string, unknown]) => {
      if (value === UNKNOWN) return [];
      return [[key, typeof value === "object" && value !== null && !Array.isArray(value) ? known(value) : value]];
    }),
  );
}

function factsOf(config: Values, needsImage: boolean): Parameters<typeof checkConfig>[1] {
  return {
    name: typeof config["name"] === "string" ? config["name"] : "",
    isSet: (path) => isSet(config, path),
    needsImage,
  };
}

function isSet(values: Values, path: readonly string[]): boolean {
  let value: Value | undefined = values;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return typeof value === "symbol";
    value = (value as Values)[key];
  }
  return (value ?? null) !== null;
}

/** Terraform cannot point at what is not there, so what needs it is pointed at. */
function toDiagnostic({ code, sentence, hint, path, for: needs }: ConfigProblem): Diagnostic {
  return { code, severity: "error", detail: `${sentence}.`, hint, path: needs ?? path };
}

function ownerOf(config: Values): string {
  return typeof config["name"] === "string" ? `VM ${quote(config["name"])}` : "the VM";
}

function checkTimeouts(config: Values): readonly Diagnostic[] {
  const timeouts = config["timeouts"];
  if (typeof timeouts !== "object" || timeouts === null) return [];
  return Object.entries(timeouts as Values).flatMap(([name, value]): readonly Diagnostic[] => {
    if (typeof value !== "string" || parseDuration(value) !== undefined) return [];
    return [
      {
        code: "SPEC_BAD_VALUE",
        severity: "error",
        detail: `"timeouts.${name}" of ${ownerOf(config)} is ${quote(value)}; it must be a duration of at most 596h.`,
        hint: 'Write for example "30m" or "1h30m".',
        path: ["timeouts", name],
      },
    ];
  });
}
