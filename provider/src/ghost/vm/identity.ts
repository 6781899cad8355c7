/*
 * What a VM is for good, whatever it is called: its agent's id and its own uid. Neither a name nor an address is in it,
 * since both may change; an agent that answers at another address is the same one.
 */
import type { Diagnostic as GhostDiagnostic, ObservedVm } from "@ghost/schemas";
import { newValues } from "../../faces/values.ts";
import type { Context, ImportAnswer, ImportRequest, Private, Resource } from "../../protocol6/provider.ts";
import type { IdentitySchema } from "../../protocol6/schema.ts";
import type { Values } from "../../protocol6/value.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { toVmPrivate } from "./vm-private.ts";

export const VM_IDENTITY: IdentitySchema = {
  version: 0,
  attributes: {
    agent_id: { type: "string", description: "Identity of the agent, made when it first started.", required_for_import: true },
    uid: { type: "string", description: "Identity of the VM, kept through renames.", required_for_import: true },
  },
};

export function vmIdentity(agentId: string, uid: string): Values {
  return newValues([
    ["agent_id", agentId],
    ["uid", uid],
  ]);
}

/**
 * Tells the identity beside every state. What was seen of the machine is kept beside the state already, so nothing else
 * has to know of identities. A VM that is yet to be made has none: its uid is chosen again when Terraform plans again.
 */
export function withIdentity(session: Session, resource: Resource): Resource {
  return {
    ...resource,
    identity: VM_IDENTITY,
    async read(request, context) {
      const answer = await resource.read(request, context);
      // Not read, so it is who it was.
      const kept = answer.state === undefined ? request.identity : undefined;
      return answer.state === null ? answer : { ...answer, ...identityOf(answer.private, kept) };
    },
    async plan(request, context) {
      const answer = await resource.plan(request, context);
      return request.prior === null ? answer : { ...answer, ...identityOf(request.priorPrivate) };
    },
    async apply(request, context) {
      const answer = await resource.apply(request, context);
      return answer.state === null ? answer : { ...answer, ...identityOf(answer.private) };
    },
    async import(request, context) {
      const answer = await importAny(session.walk, resource, request, context);
      return { ...answer, ...identityOf(answer.private) };
    },
  };
}

async function importAny(walk: Walk, resource: Resource, { id, identity }: ImportRequest, context: Context): Promise<ImportAnswer> {
  if (identity === undefined) return (await resource.import?.({ ...(id !== undefined && { id }) }, context)) ?? {};
  const found = await findByIdentity(walk, identity, context.signal);
  if (found.problem !== undefined) return { diagnostics: [toTerraform(found.problem)] };
  return (await resource.import?.({ id: `${found.agent.name}/${found.vm.name}` }, context)) ?? {};
}

function identityOf(kept: Private, otherwise?: Values): { readonly identity?: Values } {
  const { seen } = toVmPrivate(kept);
  if (seen !== undefined) return { identity: vmIdentity(seen.agent_id, seen.uid) };
  return otherwise === undefined ? {} : { identity: otherwise };
}

export type FoundVm =
  | { readonly agent: FleetAgent; readonly vm: ObservedVm; readonly problem?: never }
  | { readonly problem: GhostDiagnostic };

/** Asks the agents of the provider's block, all at once: which of them has the id, only they know. */
export async function findByIdentity(walk: Walk, { agent_id: agentId, uid }: Values, signal?: AbortSignal): Promise<FoundVm> {
  const asked = await Promise.all([...walk.agents.values()].map(async (agent) => ({ agent, ...(await agent.observe(signal)) })));
  const home = asked.find(({ observation }) => observation?.host.agentId === agentId);
  if (home?.observation === undefined) {
    const silent = asked.filter(({ problem }) => problem !== undefined).map(({ agent }) => `"${agent.name}"`);
    const detail = `No agent of the provider's block that answers has the id ${agentId as string}.`;
    return silent.length === 0
      ? {
          problem: { code: "VM_NOT_FOUND", severity: "error", detail, hint: "Add its agent to the provider's block, or correct agent_id." },
        }
      : {
          problem: {
            code: "AGENT_UNREACHABLE",
            severity: "error",
            detail: `${detail} These do not answer: ${silent.join(", ")}.`,
            hint: "Try again when they answer, or import by agent/name.",
          },
        };
  }
  const vm = home.observation.vms.find((each) => each.uid === uid);
  if (vm !== undefined) return { agent: home.agent, vm };
  return {
    problem: {
      code: "VM_NOT_FOUND",
      severity: "error",
      detail: `Agent "${home.agent.name}" has no VM with the uid ${uid as string}.`,
      hint: "It may have been deleted; ghost status shows what there is.",
      agent: home.agent.name,
    },
  };
}
