import { quote } from "@ghost/engine";
import { agent } from "@ghost/schemas";
import { checkValues } from "../../faces/check.ts";
import type { Diagnostic } from "../../protocol6/provider.ts";
import type { Values } from "../../protocol6/value.ts";
import { toTerraform } from "../fleet/diagnostics.ts";

const { name, settings } = agent.attributes;

/** Everything that is wrong with a configuration, as far as it is known. */
export function validateAgentConfig(config: Values): readonly Diagnostic[] {
  const owner = typeof config["name"] === "string" ? `agent ${quote(config["name"])}` : "the agent";
  const problems = checkValues({ name, settings }, config, owner).map((one) => toTerraform(one));
  return [...problems, ...emptyLabels(config)];
}

/** To an agent no labels are labels that nobody set, and it would keep those it has. */
function emptyLabels({ settings: written }: Values): readonly Diagnostic[] {
  if (typeof written !== "object" || written === null) return [];
  const { labels } = written as Values;
  if (typeof labels !== "object" || labels === null || Object.keys(labels).length > 0) return [];
  return [
    {
      severity: "error",
      summary: "Value not allowed [SPEC_BAD_VALUE]",
      detail: `"settings.labels" is empty, which would leave the labels as they are.\n\nLeave it out to keep them, or name the labels that the host is to have.`,
      path: ["settings", "labels"],
    },
  ];
}
