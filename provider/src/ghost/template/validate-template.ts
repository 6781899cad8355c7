import { checkTemplate, quote } from "@ghost/engine";
import { agentTemplate } from "@ghost/schemas";
import { checkValues } from "../../faces/check.ts";
import type { Diagnostic } from "../../protocol6/provider.ts";
import type { Values } from "../../protocol6/value.ts";
import { hasUnknown } from "../../protocol6/value.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import { toTemplateConfig } from "./template-values.ts";

/** Everything that is wrong with a configuration, as far as it is known. */
export function validateTemplateConfig(config: Values): readonly Diagnostic[] {
  const { name } = config;
  const problems = checkValues(agentTemplate.attributes, config, typeof name === "string" ? `template ${quote(name)}` : "the template");
  // Between values that are wrong, or not known, nothing can be said.
  const all = problems.length > 0 || hasUnknown(config) ? problems : checkTemplate(toTemplateConfig(config));
  return all.map((one) => toTerraform(one));
}
