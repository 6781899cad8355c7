import type { OneVmPlan } from "@ghost/engine";
import type { Diagnostic } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { secretValue, secretVersion } from "./vm-values.ts";

/** The value of a secret by attribute path; throws where there is none. */
export function requireSecret(config: Values, path: string): string {
  const value = secretValue(config, path.split("."));
  if (typeof value === "string" && value !== "") return value;
  throw new GhostError([notSet(path)]);
}

/** Warnings of secrets that steps need and that are not set: whoever only plans need not have them, whoever applies must. */
export function secretWarnings(config: Values, steps: OneVmPlan["steps"]): readonly Diagnostic[] {
  const needed = new Set(steps.flatMap(({ secrets }) => Object.keys(secrets ?? {})));
  return [...needed].flatMap((path): readonly Diagnostic[] => {
    const value = secretValue(config, path.split(".")) ?? null;
    const isSet = value !== null && value !== "";
    // A version that turns out to be null needs no secret.
    return isSet || secretVersion(config, path.split(".")) === UNKNOWN ? [] : [{ ...notSet(path), severity: "warning" }];
  });
}

function notSet(path: string): Diagnostic {
  return {
    code: "SECRET_NOT_FOUND",
    severity: "error",
    detail: `${path} is needed to set up the guest, and ${path}_wo is not set.`,
    hint: `Set ${path}_wo; it is needed whenever the guest's first-boot configuration is written.`,
    path: `${path}_wo`.split("."),
  };
}
