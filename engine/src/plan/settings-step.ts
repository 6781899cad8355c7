import type { AgentSettings, PlanStep, StepBody } from "@ghost/schemas";
import { isEmpty } from "../diff/same.ts";
import { diffSettings } from "../diff/settings.ts";

export interface SettingsInput {
  /** Name of the agent in the spec or the configuration, and its id. */
  readonly agent: string;
  readonly agentId: string;
  /** Absent and empty values are left as they are. */
  readonly desired: AgentSettings;
  readonly live: AgentSettings;
}

/** Makes an agent's settings as they are wanted; undefined when they are. */
export function settingsStep({ agent, agentId, desired, live }: SettingsInput): Omit<PlanStep, "hash"> | undefined {
  const changes = diffSettings(desired, live);
  if (changes.length === 0) return undefined;
  const settings = Object.fromEntries(Object.entries(desired).filter(([, value]) => !isEmpty(value))) as AgentSettings;
  const id = `${agent}/agent/${agent}`;
  const body: StepBody = {
    id,
    agent_id: agentId,
    kind: "agent",
    action: "settings",
    name: agent,
    uid: agentId,
    revision: "",
    impact: "none",
    settings,
  };
  return {
    id,
    agent,
    body,
    impact: "none",
    reason: `settings changed: ${changes.map(({ path }) => path.join(".")).join(", ")}`,
    changes,
    depends_on: [],
  };
}
