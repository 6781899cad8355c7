/** From a spec and what agents said to a plan, with the options of a command line. */
import { randomUUID } from "node:crypto";
import type { AgentObservation, Desired, PlanOptions, SpecSource } from "@ghost/engine";
import { bindPlan, makePlan } from "@ghost/engine";
import type { Impact, PlanDocument } from "@ghost/schemas";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { renderPlanText } from "../output/plan-text.ts";
import { groupRefusals } from "../output/refusals.ts";
import { withSourceLines } from "../output/source-lines.ts";
import type { OutputView, Session } from "../terminal/session.ts";
import { VERSION } from "../version.ts";
import type { Fleet } from "./fleet.ts";
import { observeFleet, withTimeout } from "./fleet.ts";
import type { SpecOptions } from "./spec.ts";
import { readSpec } from "./spec.ts";

export interface PlanFlags extends SpecOptions {
  readonly timeout: number | undefined;
  readonly partial?: boolean;
  readonly "max-impact"?: Impact | undefined;
  readonly "max-destroy"?: number | undefined;
}

export interface Surveyed {
  readonly desired: Desired;
  readonly observations: readonly AgentObservation[];
  /** The spec's text, to show the line of a problem. */
  readonly sources: readonly SpecSource[];
}

/** Where CI says which commit it works on. */
const COMMIT_VARIABLES = ["GHOST_GIT_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA"] as const;

/** Reads the spec, then asks every agent. */
export async function survey(flags: Pick<PlanFlags, keyof SpecOptions | "timeout">, fleet: Fleet, session: Session): Promise<Surveyed> {
  const { desired: written, sources } = await readSpec(flags, session);
  const desired = withTimeout(written, flags.timeout);
  return { desired, sources, observations: await observeFleet(desired, fleet, session) };
}

/** The plan for what was surveyed. */
export function planFor(
  { desired, observations, sources }: Surveyed,
  flags: PlanFlags,
  session: Session,
  more: Partial<PlanOptions> = {},
): PlanDocument {
  const gitCommit = COMMIT_VARIABLES.map((name) => session.env[name]).find((value) => /^[0-9a-f]{7,64}$/.test(value ?? ""));
  const { "max-impact": maxImpact, "max-destroy": maxDestroy } = flags;
  const plan = makePlan({
    desired,
    observations,
    options: {
      now: new Date(),
      newUid: randomUUID,
      version: VERSION,
      partial: flags.partial === true,
      ...(gitCommit !== undefined && { gitCommit }),
      ...(maxImpact !== undefined && { maxImpact }),
      ...(maxDestroy !== undefined && { maxDestroy }),
      ...more,
    },
  });
  if (plan.diagnostics.length === 0) return plan;
  return bindPlan(plan.header, { ...plan, diagnostics: withSourceLines(plan.diagnostics, sources) });
}

/** Shows a plan to a person: warnings, the plan, and errors last, where they are seen. */
export async function showPlan(plan: PlanDocument, session: Session, print: (text: string) => void, view: OutputView): Promise<void> {
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  session.tell(plan.diagnostics.filter(({ severity }) => severity !== "error"));
  print(await renderPlanText(plan, view));
  if (errors.length > 0) print("\n");
  session.tell(groupRefusals(errors));
}

/** 1 when the plan cannot be applied, 3 when a part of the stack is out of sight, else 0. */
export function planExit(plan: PlanDocument): ExitCode {
  if (plan.diagnostics.some(({ severity }) => severity === "error")) return EXIT.error;
  return plan.agents.some(({ reachable }) => !reachable) ? EXIT.partial : EXIT.ok;
}
