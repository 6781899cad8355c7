import { diffSettings } from "@ghost/engine";
import type { AgentSettings } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Attempt } from "../context.ts";
import { validateSettings } from "../validate.ts";

/** The settings after the step, or undefined when they are so already. What the step does not name stays. */
export function changedSettings({ intent, store }: Pick<Attempt, "intent" | "store">): AgentSettings | undefined {
  if (intent.settings === undefined)
    throw problem("PLAN_MISMATCH", `The step ${intent.stepId} carries no settings.`, {
      hint: "Plan again with the same version of Ghost as the agent's.",
    });
  validateSettings(intent.settings);
  if (diffSettings(intent.settings, store.settings).length === 0) return undefined;
  return { ...store.settings, ...intent.settings };
}
