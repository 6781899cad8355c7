/** A spec against model agents: observe, plan, apply, and again. */
import type { PlanDocument } from "@ghost/schemas";
import type { Desired } from "../desired.ts";
import type { ApplyEvent } from "../execute/events.ts";
import type { ApplyOptions, ApplyResult } from "../execute/apply-plan.ts";
import { applyPlan } from "../execute/apply-plan.ts";
import { observe } from "../observe.ts";
import type { PlanOptions } from "../plan/make-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import { planOptions, STACK } from "./fixtures.ts";
import type { ModelAgent } from "./model-agent.ts";
import { createModelAgent } from "./model-agent.ts";

const NOW = new Date("2026-01-02T03:04:05.678Z");

export interface World {
  readonly agents: ReadonlyMap<string, ModelAgent>;
  agent(name: string): ModelAgent;
  plan(desired: Desired, options?: Partial<PlanOptions>): Promise<PlanDocument>;
  apply(plan: PlanDocument, options?: ApplyOptions, onEvent?: (event: ApplyEvent) => void): Promise<ApplyResult>;
}

/** Uids are counted over the whole world: no VM ever gets one that another had. */
export function createWorld(names: readonly string[]): World {
  const agents = new Map(names.map((name) => [name, createModelAgent(name)]));
  const agent = (name: string): ModelAgent => agents.get(name)!;
  let made = 0;
  return {
    agents,
    agent,
    async plan(desired, options = {}) {
      const observations = await observe({ agents: desired.agents, stack: STACK, connect: ({ name }) => agent(name) });
      return makePlan({ desired, observations, options: planOptions({ newUid: () => `made-${++made}`, ...options }) });
    },
    apply: (plan, options = {}, onEvent) =>
      applyPlan({ plan, connect: ({ name }) => agent(name), resolveSecret: (source) => `value of ${source}`, options: { retryDelaysMs: [0, 0], now: () => NOW, ...options }, ...(onEvent && { onEvent }) }),
  };
}
