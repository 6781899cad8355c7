/** The way of every command that changes something: plan, show, ask or require --yes, apply. No door beside it. */
import type { PlanOptions } from "@ghost/engine";
import type { Impact, PlanDocument } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { errorCount, plural } from "../output/plan-model.ts";
import { confirm } from "../terminal/confirm.ts";
import type { Session } from "../terminal/session.ts";
import { readSecrets, runApply } from "./apply.ts";
import { openFleet } from "./fleet.ts";
import type { PlanFlags, Surveyed } from "./plan.ts";
import { planFor, showPlan, survey } from "./plan.ts";
import { specWords } from "./spec.ts";

export interface ChangeFlags extends PlanFlags {
  readonly yes: boolean;
  readonly parallel: number | undefined;
}

/** What nobody reviewed may do at worst, unless it is said otherwise. */
const UNATTENDED: { readonly maxImpact: Impact; readonly maxDestroy: number } = { maxImpact: "live", maxDestroy: 0 };

export interface ChangeInput {
  readonly flags: ChangeFlags;
  readonly session: Session;
  /** The command, for messages: `ghost apply`. */
  readonly usage: string;
  /** Makes the plan; as the spec says when not given. */
  readonly makePlan?: (surveyed: Surveyed, options: Partial<PlanOptions>) => PlanDocument;
  /** What the hint at --yes says of it, where the limits of changed machines do not matter. */
  readonly unattended?: string;
  /** The end in a sentence, for what is not done by steps. */
  readonly doneSentence?: (plan: PlanDocument) => string;
  /** Asked for instead of what the plan's steps would ask for. */
  readonly question?: (plan: PlanDocument) => Question | undefined;
}

export interface Question {
  readonly text: string;
  /** What must be typed. */
  readonly word: string;
}

export async function runChange(input: ChangeInput): Promise<ExitCode> {
  const { flags, session, usage } = input;
  const asks = session.facts.canAsk && !flags.yes;
  if (!asks && !flags.yes) {
    throw problem("CONFIRMATION_NEEDED", `Nobody can be asked here, and ${usage} changes things.`, {
      hint: `Say so with --yes${input.unattended ?? `; without more, nothing worse than ${UNATTENDED.maxImpact} is done and nothing is deleted`}.${usage === "ghost apply" ? " Or review a plan: ghost plan --out FILE, then ghost apply FILE." : ""}`,
    });
  }
  await using fleet = openFleet(session);
  const surveyed = await survey(flags, fleet, session);
  const options: Partial<PlanOptions> = asks
    ? {}
    : { maxImpact: flags["max-impact"] ?? UNATTENDED.maxImpact, maxDestroy: flags["max-destroy"] ?? UNATTENDED.maxDestroy };
  const make = input.makePlan ?? ((all, more) => planFor(all, flags, session, more));
  const plan = make(surveyed, options);
  session.emit(plan);
  await showPlan(plan, session, session.say, session.talk);
  if (errorCount(plan) > 0) return EXIT.error;
  const secrets = await readSecrets(plan, session);
  if (asks && !(await agreed(input, plan))) {
    session.say("Nothing was changed.\n");
    return session.stop.aborted ? EXIT.interrupted : EXIT.error;
  }
  if (plan.steps.length > 0) session.say("\n");
  return await runApply({
    plan,
    fleet,
    session,
    secrets,
    parallel: flags.parallel,
    specWords: specWords(flags),
    ...(input.doneSentence && { sentence: input.doneSentence(plan) }),
  });
}

function agreed({ session, question }: ChangeInput, plan: PlanDocument): Promise<boolean> {
  const asked = question?.(plan) ?? questionFor(plan);
  return asked === undefined ? Promise.resolve(true) : confirm(session, asked.text, asked.word);
}

/** What is asked before a plan is applied: what cannot be undone takes more than a yes. Nothing for an empty plan. */
export function questionFor({ steps, summary }: PlanDocument): Question | undefined {
  if (steps.length === 0) return undefined;
  if (summary.delete > 0) return { text: `This deletes ${plural(summary.delete, "VM")} with all disks.`, word: "delete" };
  const destroying = steps.filter(({ impact }) => impact === "data-loss").length;
  if (destroying > 0) return { text: `This destroys disks of ${plural(destroying, "VM")}.`, word: "destroy" };
  return { text: `Apply ${plural(steps.length, "step")}?`, word: "yes" };
}
