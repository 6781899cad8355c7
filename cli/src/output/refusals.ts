/** Problems of a plan as a person wants to read them. */
import type { Diagnostic, Impact } from "@ghost/schemas";
import { worstImpact } from "@ghost/schemas";

/** More steps than this that one limit refuses are counted, not told one by one. */
const TOLD_MAX = 3;

/**
 * One problem for all the steps that a limit of the command line refuses, and every hint at a limit with the whole set
 * of options that the plan needs: allowing one thing must not only lead to the next refusal.
 */
export function groupRefusals(errors: readonly Diagnostic[]): readonly Diagnostic[] {
  const limited = errors.filter((error) => limitOf(error) !== undefined);
  const [first] = limited;
  if (first === undefined) return errors;
  const impacts = limited.flatMap((error) => limitOf(error)?.impact ?? []);
  const destroy = limited.flatMap((error) => limitOf(error)?.destroy ?? [])[0];
  const needed = [
    ...(impacts.length > 0 ? [`--max-impact ${worstImpact(impacts)}`] : []),
    ...(destroy === undefined ? [] : [`--max-destroy ${destroy}`]),
  ];
  const hint = `Review the plan and allow it with ${needed.join(" ")}.`;
  const refused = limited.filter((error) => limitOf(error)?.impact !== undefined);
  const counted = refused.length > TOLD_MAX ? refused.slice(1) : [];
  const more = counted.length > 0 ? ` The same limit refuses ${counted.length} more steps.` : "";
  return errors
    .filter((error) => !counted.includes(error))
    .map((error) => (limitOf(error) === undefined ? error : { ...error, hint, detail: error.detail + (error === refused[0] ? more : "") }));
}

interface Limit {
  readonly impact?: Impact;
  readonly destroy?: string;
}

/** The option that would allow it; undefined for what no option allows. */
function limitOf({ code, hint = "" }: Diagnostic): Limit | undefined {
  const [, option, value = ""] = / --max-(impact|destroy) ([\w-]+)/.exec(hint) ?? [];
  if (code === "IMPACT_EXCEEDED" && option === "impact") return { impact: value as Impact };
  return code === "DESTROY_EXCEEDED" && option === "destroy" ? { destroy: value } : undefined;
}
