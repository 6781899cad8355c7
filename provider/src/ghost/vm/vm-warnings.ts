import { findAttribute } from "@ghost/engine";
import type { Change, PlanStep } from "@ghost/schemas";
import { compareImpact, IMPACT_MEANING } from "@ghost/schemas";
import { upperFirst } from "../../faces/text.ts";
import type { Diagnostic } from "../../protocol6/provider.ts";
import { toConfigPath } from "./vm-values.ts";

/** What a plan does to a running machine, said where it is decided: one warning for each change that is felt. */
export function impactWarnings(step: Omit<PlanStep, "hash">): readonly Diagnostic[] {
  const { action, name } = step.body;
  const of = `VM "${step.body.previous_name ?? name}"`;
  if (action === "delete") {
    return [{ severity: "warning", summary: `${of} is deleted`, detail: `${upperFirst(step.reason)}.` }];
  }
  if (action === "release") return [{ severity: "warning", summary: `${of} is released and kept`, detail: `${upperFirst(step.reason)}.` }];
  const taken: readonly Diagnostic[] =
    action === "adopt"
      ? [{ severity: "warning", summary: `${of} is taken over`, detail: `${upperFirst(step.reason)}.`, path: ["adopt"] }]
      : [];
  const felt = step.changes.filter(({ impact }) => compareImpact(impact, "live") > 0);
  return [...taken, ...felt.map((change) => impactWarning(of, step, change))];
}

function impactWarning(of: string, { body }: Omit<PlanStep, "hash">, change: Change): Diagnostic {
  const { path, impact, reason } = change;
  const what = `${path.join(".")} (${describeChange(change)})`;
  const sentences = [`${what}: ${impact}, because ${reason}.`, `What happens: ${IMPACT_MEANING[impact]}.`];
  if (impact !== "guest" && impact !== "next-boot") {
    const patience = body.vm?.stop_timeout_s;
    sentences.push(
      `A running guest is shut down first; after ${typeof patience === "number" ? `${patience} s` : "its time"} (stop_timeout_s) it is powered off.`,
    );
  }
  return { severity: "warning", summary: `${of}: ${path.join(".")}, ${impact}`, detail: sentences.join(" "), path: toConfigPath(path) };
}

/**
 * From what to what. A text of the person's own is not repeated: Terraform may have it marked as sensitive, which a
 * provider is not told.
 */
export function describeChange({ path, sensitive, unknown, before, after, op }: Change): string {
  if (sensitive === true) return "a secret";
  const { attribute } = findAttribute(path);
  const isOwnText = attribute.kind !== "integer" && attribute.kind !== "boolean" && !(attribute.kind === "string" && attribute.oneOf);
  if (isOwnText) return { add: "added", remove: "removed", update: "changed" }[op];
  const to = unknown === true ? "known after apply" : show(after);
  return op === "add" && before === undefined ? to : `${show(before)} → ${to}`;
}

function show(value: unknown): string {
  return value === undefined ? "not set" : typeof value === "string" ? value : JSON.stringify(value);
}
