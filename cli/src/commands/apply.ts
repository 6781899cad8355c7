import { checkPlan } from "@ghost/engine";
import type { Diagnostic, Diagnostics, Impact, PlanDocument } from "@ghost/schemas";
import { exceedsImpact, GhostError, problem, worstImpact } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC, TARGETS } from "../command/common-options.ts";
import type { ExitCode } from "../exit-code.ts";
import { readSecrets, runApply } from "../flow/apply.ts";
import type { ChangeFlags } from "../flow/change.ts";
import { runChange } from "../flow/change.ts";
import { openFleet } from "../flow/fleet.ts";
import { readPlan } from "../flow/files.ts";
import { planFor, showPlan } from "../flow/plan.ts";
import { readSpec } from "../flow/spec.ts";
import type { Session } from "../terminal/session.ts";

/** With --verify-spec they are for the spec that is compared. */
const VARIABLES = ["var", "var-file"] as const;

type PlanningOptions = Readonly<Record<"file" | "var" | "var-file" | "target" | "exclude", readonly string[]>> & {
  readonly "verify-spec": string | undefined;
};

export const apply: Command = defineCommand({
  description:
    "Without FILE it plans and asks; where nobody can be asked, --yes is needed, and then nothing worse than live is done and nothing is deleted unless --max-impact and --max-destroy say so. With FILE it does exactly the saved plan and reads no spec.",
  positionals: [{ name: "FILE", doc: "A plan saved by `ghost plan --out`; - is stdin." }],
  options: {
    ...SPEC,
    ...APPLYING,
    ...TARGETS,
    "verify-spec": { kind: "string", value: "PATH", doc: "Refuse a saved plan that was not made from the spec at PATH." },
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost apply", does: "plan, ask, do" },
    { run: "ghost apply plan.json", does: "do what was reviewed, and nothing else" },
    { run: "ghost apply --yes --max-impact restart --max-destroy 1 --json", does: "in CI, without a saved plan" },
  ],
  graceful: true,
  async run({ options, positionals: [file] }, session) {
    if (file !== undefined) {
      refuseSpecOptions(options);
      return applySaved(file, options, session);
    }
    const targets = { targets: options.target, exclude: options.exclude };
    return runChange({
      flags: options,
      session,
      usage: "ghost apply",
      makePlan: (surveyed, more) => planFor(surveyed, options, session, { ...more, ...targets }),
    });
  },
});

/** A saved plan is done as it is: an option that would have changed it must not seem to. */
function refuseSpecOptions(flags: PlanningOptions): void {
  const [given] = (["file", ...(flags["verify-spec"] === undefined ? VARIABLES : []), "target", "exclude"] as const).filter(
    (name) => flags[name].length > 0,
  );
  if (given === undefined) return;
  throw problem("USAGE", `--${given} is for making a plan, and a saved plan reads no spec: it is done as it was made.`, {
    hint: `Leave out --${given}, or make the plan again with it: ghost plan --out FILE`,
  });
}

async function applySaved(
  file: string,
  flags: ChangeFlags & { readonly "verify-spec": string | undefined },
  session: Session,
): Promise<ExitCode> {
  const plan = await readPlan(file, session);
  if (flags["verify-spec"] !== undefined) await verifySpec(plan, { ...flags, file: [flags["verify-spec"]] }, session);
  checkLimits(plan, flags["max-impact"], flags["max-destroy"]);
  // What is shown next is what was approved, or nothing is shown.
  const refusals = checkPlan(plan, new Date());
  if (refusals.length > 0) throw new GhostError(refusals as readonly Diagnostic[] as Diagnostics);
  session.emit(plan);
  await showPlan(plan, session, session.say, session.talk);
  const secrets = await readSecrets(plan, session);
  session.say("\n");
  await using fleet = openFleet(session);
  return await runApply({ plan, fleet, session, secrets, parallel: flags.parallel });
}

async function verifySpec(plan: PlanDocument, flags: ChangeFlags, session: Session): Promise<void> {
  const { desired } = await readSpec(flags, session);
  if (desired.specHash === plan.header.spec_hash && desired.stack === plan.stack) return;
  throw problem("PLAN_SPEC_CHANGED", `The plan of ${plan.created_at} was made from another spec than ${flags.file.join(", ")} is now.`, {
    hint: "Make the plan again, with the same --var and --var-file: ghost plan --out FILE",
  });
}

/** The limits of this command line hold for a saved plan too: for what its steps do, whatever its summary says. */
function checkLimits({ steps }: PlanDocument, maxImpact: Impact | undefined, maxDestroy: number | undefined): void {
  const worst = worstImpact(steps.map(({ body }) => body.impact));
  if (maxImpact !== undefined && exceedsImpact(worst, maxImpact)) {
    throw problem("IMPACT_EXCEEDED", `The saved plan has impact ${worst}, and --max-impact allows ${maxImpact}.`, {
      hint: `Review it with ghost show, and allow it with --max-impact ${worst}.`,
    });
  }
  const destroyed = steps.filter(({ body }) => body.impact === "data-loss").length;
  if (maxDestroy !== undefined && destroyed > maxDestroy) {
    throw problem("DESTROY_EXCEEDED", `The saved plan destroys disks of ${destroyed} VMs, and --max-destroy allows ${maxDestroy}.`, {
      hint: `Review it with ghost show, and allow it with --max-destroy ${destroyed}.`,
    });
  }
}
