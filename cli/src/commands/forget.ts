import { bindPlan } from "@ghost/engine";
import type { PlanDocument, SetMember } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { runChange } from "../flow/change.ts";
import { parseObjectName } from "../flow/objects.ts";
import { planFor } from "../flow/plan.ts";
import { plural } from "../output/plan-model.ts";
import type { Session } from "../terminal/session.ts";
import { escapeLine } from "../output/escape.ts";

const { yes, partial } = APPLYING;

export const forget: Command = defineCommand({
  description:
    "For a host that is gone for good: takes its VMs out of the stack's record, so that plans need it no longer. Nothing is deleted; an agent that answers is refused.",
  positionals: [{ name: "AGENT[/NAME]", doc: "The agent, or one VM of it." }],
  options: { agent: { kind: "string", value: "NAME", doc: "The same as AGENT." }, ...SPEC, yes, partial, ...CALLS, ...OUTPUT },
  examples: [
    { run: "ghost forget attic", does: "give up all that a lost host had" },
    { run: "ghost forget attic/backup", does: "one VM of it" },
  ],
  graceful: true,
  async run({ options, positionals: [word = options.agent] }, session) {
    if (word === undefined) throw usageProblem("AGENT is missing.", { usage: "ghost forget", summary: "" });
    const flags = { ...options, "max-impact": undefined, "max-destroy": undefined, parallel: undefined };
    let forgotten: readonly SetMember[] = [];
    return runChange({
      flags,
      session,
      usage: "ghost forget",
      unattended: "",
      doneSentence: ({ stack }) =>
        `Stack ${escapeLine(stack)}: forgot ${plural(forgotten.length, "object")} of ${escapeLine(word)}${namesIn(forgotten)}.`,
      makePlan(surveyed, more) {
        const plan = planFor(surveyed, flags, session, more);
        forgotten = membersOf(plan, word);
        announce(word, forgotten, session);
        return forgetting(plan, word, forgotten);
      },
      question: () => ({ text: `Forget ${plural(forgotten.length, "object")} of ${escapeLine(word)}?`, word: "forget" }),
    });
  },
});

/** What the stack's record has of an agent that does not answer. Throws where nothing can be forgotten. */
function membersOf(plan: PlanDocument, word: string): readonly SetMember[] {
  const { agent: given, name } = parseObjectName(word);
  const agentName = given ?? word;
  const reached = plan.agents.find((agent) => agent.name === agentName && agent.reachable);
  const home = plan.set.agents.find((agent) => agent.name === agentName && agent.agentId !== reached?.agent_id);
  if (home === undefined && reached !== undefined) {
    throw problem("USAGE", `Agent "${agentName}" answers, so nothing of it needs to be forgotten.`, {
      hint: `Remove its VMs from the spec and apply, or give one up with ghost release ${agentName}/NAME.`,
      agent: agentName,
    });
  }
  const members = plan.set.members.filter((member) => member.agentId === home?.agentId && (given === undefined || member.name === name));
  if (home === undefined || (members.length === 0 && given !== undefined)) {
    throw problem(
      "VM_NOT_FOUND",
      `The record of stack "${plan.stack}" has no ${given === undefined ? `agent "${agentName}"` : `"${word}"`}.`,
      { hint: "See ghost status for what is unknown." },
    );
  }
  return members;
}

function announce(word: string, members: readonly SetMember[], session: Session): void {
  for (const { kind, name, uid, agentId } of members) session.emit({ type: "forget", kind, name, uid, agent_id: agentId });
  session.say(
    `The record of the stack loses ${plural(members.length, "object")} of ${escapeLine(word)}${namesIn(members)}. Nothing is deleted.\n\n`,
  );
}

function namesIn(members: readonly SetMember[]): string {
  return members.length === 0 ? "" : `: ${members.map(({ name }) => escapeLine(name)).join(", ")}`;
}

/** A plan without steps, whose only effect is the narrower record. */
function forgetting(plan: PlanDocument, word: string, members: readonly SetMember[]): PlanDocument {
  const { agent: given } = parseObjectName(word);
  const agentName = given ?? word;
  const uids = new Set(members.map(({ uid }) => uid));
  const left = plan.set.members.filter(({ uid }) => !uids.has(uid));
  const reachedIds = new Set(plan.agents.filter(({ reachable }) => reachable).map(({ agent_id }) => agent_id));
  const homes = new Set(left.map(({ agentId }) => agentId));
  const unknown = plan.unknown.filter(({ uid }) => uid !== "" && !uids.has(uid));
  return bindPlan(plan.header, {
    ...plan,
    steps: [],
    // Its silence is why it is given up: what is left of it is no part of this.
    agents: plan.agents.filter(({ name, reachable }) => reachable || name !== agentName),
    summary: {
      ...plan.summary,
      unknown: unknown.length,
      create: 0,
      update: 0,
      delete: 0,
      adopt: 0,
      release: 0,
      settings: 0,
      drifted: 0,
      worst_impact: "none",
    },
    unknown,
    // What is wrong with the agent that is given up is why it is.
    diagnostics: plan.diagnostics.filter(
      ({ agent, code }) => agent !== agentName && !code.startsWith("SPEC_") && code.startsWith("AGENT_"),
    ),
    set: {
      ...plan.set,
      members: left,
      agents: plan.set.agents.filter(({ agentId, name }) => name !== agentName || reachedIds.has(agentId) || homes.has(agentId)),
      outdated: plan.agents.filter(({ reachable }) => reachable).map(({ name }) => name),
    },
  });
}
