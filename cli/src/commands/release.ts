import { bindPlan } from "@ghost/engine";
import type { AgentObservation } from "@ghost/engine";
import type { PlanDocument } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { runChange } from "../flow/change.ts";
import type { FoundVm } from "../flow/objects.ts";
import { findLiveVms } from "../flow/objects.ts";
import type { Surveyed } from "../flow/plan.ts";
import { planFor } from "../flow/plan.ts";

export const release: Command = defineCommand({
  description:
    "The VM and its disks stay as they are and belong to nobody. Remove its block from the spec afterwards, or the next plan is refused.",
  positionals: [{ name: "AGENT/NAME", doc: "VMs of the stack.", required: true, many: true }],
  options: { ...SPEC, ...APPLYING, ...CALLS, ...OUTPUT },
  examples: [{ run: "ghost release desk/web", does: "leave a VM to somebody else" }],
  graceful: true,
  run: ({ options, positionals }, session) =>
    runChange({
      flags: options,
      session,
      usage: "ghost release",
      makePlan(surveyed, more) {
        const found = findLiveVms(surveyed, positionals);
        for (const { agent, vm } of found) if (vm.owner !== `spec:${surveyed.desired.stack}`) throw notOwn(agent, vm.name, vm.owner);
        return withReason(planFor(leaving(surveyed, found), options, session, { ...more, targets: found.map(({ vm }) => vm.name) }));
      },
    }),
});

/** The same world in which these VMs have left the spec and are kept, which is what releasing is. */
function leaving({ desired, observations, sources }: Surveyed, found: readonly FoundVm[]): Surveyed {
  const uids = new Set(found.map(({ vm }) => vm.uid));
  const names = new Set(found.map(({ vm }) => vm.name));
  const kept = ({ agent, observation, problem: failed }: AgentObservation): AgentObservation => ({
    agent,
    ...(failed && { problem: failed }),
    ...(observation && {
      observation: {
        ...observation,
        vms: observation.vms.map((vm) => (uids.has(vm.uid) ? { ...vm, live: { ...vm.live, on_remove: "retain" as const } } : vm)),
      },
    }),
  });
  return {
    desired: { ...desired, vms: desired.vms.filter(({ name }) => !names.has(name)) },
    observations: observations.map(kept),
    sources,
  };
}

function withReason(plan: PlanDocument): PlanDocument {
  return bindPlan(plan.header, {
    ...plan,
    steps: plan.steps.map((step) =>
      step.body.action === "release" ? { ...step, reason: "given up; it runs on and belongs to nobody then" } : step,
    ),
  });
}

function notOwn(agent: string, name: string, owner: string): ReturnType<typeof problem> {
  return problem("OWNED_BY_OTHER", `VM "${name}" on agent "${agent}" belongs to ${owner === "" ? "nobody" : owner}, not to this stack.`, {
    hint: "There is nothing to release; see ghost status.",
    agent,
  });
}
