import type { DesiredVm, OneVmPlan } from "@ghost/engine";
import type { Diagnostic, VmConfig } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { Values } from "../../protocol6/value.ts";
import { checkNewVm } from "./check-vm.ts";
import { IMAGE_KEYS } from "./vm-values.ts";

/** What a VM that is to be made does not say. */
export function lackOf(config: Values, complete: VmConfig): Diagnostic | undefined {
  const { template } = complete;
  const [first] = checkNewVm(config, complete);
  if (first === undefined || first.path?.[0] !== "image" || template === undefined) return first;
  // It is there, and gives an image that is not known yet.
  if (typeof template !== "string" || IMAGE_KEYS.some((key) => complete[key] !== undefined)) return undefined;
  return noTemplate(template, textOf(config["agent"]));
}

/** A template that a VM needs and that is not there. One that keeps the image it has, and was made from it, needs none. */
export function lostTemplate({ agent, config }: DesiredVm, { steps }: OneVmPlan): Diagnostic | undefined {
  const { template } = config;
  if (typeof template !== "string" || IMAGE_KEYS.some((key) => config[key] !== undefined)) return undefined;
  const needs: readonly string[] = ["template", ...IMAGE_KEYS];
  const isNeeded = steps.some(({ changes }) => changes.some(({ path }) => needs.includes(path[0]!)));
  return isNeeded ? noTemplate(template, agent) : undefined;
}

function noTemplate(template: string, agent: string): Diagnostic {
  return {
    code: "SPEC_UNKNOWN_REFERENCE",
    severity: "error",
    detail: `There is no template "${template}" on agent "${agent}".`,
    hint: "Make it with a ghost_template, and refer to its name here, so that it is made first: template = ghost_template.NAME.name.",
    path: ["template"],
  };
}
