import type { Observation } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { Context, ImportAnswer, ImportRequest, ReadAnswer, ReadRequest, Resource } from "../../protocol6/provider.ts";
import { notRead, toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { applyVmResource } from "./apply-vm.ts";
import { withIdentity } from "./identity.ts";
import { listVms } from "./list.ts";
import { checkVm } from "./check-vm.ts";
import { planVmResource } from "./plan-vm.ts";
import type { VmPrivate } from "./vm-private.ts";
import { toSeen, toVmPrivate } from "./vm-private.ts";
import { VM_SCHEMA } from "./vm-schema.ts";
import { importedState, readState } from "./vm-state.ts";

/** The resource `ghost_vm`. */
export function vmResource(session: Session): Resource {
  return withIdentity(session, {
    schema: VM_SCHEMA,
    validate: async (config) => checkVm(config).map((one) => toTerraform(one)),
    stored: ({ uid }) => session.know(String(uid)),
    read: (request, context) => readVm(session.walk, request, context),
    plan: (request, context) => planVmResource(session.walk, request, context),
    apply: (request, context) => applyVmResource(session.walk, request, context),
    import: (request, context) => importVm(session.walk, request, context),
    list: listVms(session, importedState),
  });
}

async function readVm(walk: Walk, { state, private: kept }: ReadRequest, context: Context): Promise<ReadAnswer> {
  const name = textOf(state["name"]);
  const stays = (why: string): ReadAnswer => ({ diagnostics: [notRead(textOf(state["agent"]), `VM "${name}"`, why)] });
  const uid = textOf(state["uid"]);
  walk.known.add(uid);
  if (walk.read.has(uid)) walk.readTwice.add(uid);
  walk.read.add(uid);
  const found = walk.find(state["agent"] ?? null);
  if (found.kind === "unknown") return stays(`How agent "${textOf(state["agent"])}" is reached is not known yet.`);
  if (found.kind === "missing") return stays(`The provider's block has no agent "${textOf(state["agent"])}".`);
  const { observation, problem: silent } = await found.agent.observe(context.signal);
  if (silent !== undefined) return stays(toTerraform(silent).detail);
  const vm = observation.vms.find((one) => one.uid === uid);
  const { seen } = toVmPrivate(kept);
  if (vm === undefined) {
    if (seen === undefined || seen.agent_id === observation.host.agentId) return { state: null };
    return stays(`A different agent answers at ${found.agent.entry.address} than the one that has this VM.`);
  }
  return {
    state: readState(state, vm, observation, walk.templatesOf(found.agent.name, observation)),
    private: { seen: toSeen(observation.host.agentId, vm) } satisfies VmPrivate,
  };
}

/** By `agent/name`. The VM keeps its owner: to change it, it must be taken over with `adopt = true`. */
async function importVm(walk: Walk, { id }: ImportRequest, context: Context): Promise<ImportAnswer> {
  const [, agentName, name] = /^([^/]+)\/([^/]+)$/.exec(id ?? "") ?? [];
  if (agentName === undefined || name === undefined) {
    return refuse(
      problem("SPEC_BAD_VALUE", `${JSON.stringify(id ?? "")} does not name a VM; the id of a VM is agent/name.`, {
        hint: 'For example id = "desk/web".',
      }),
    );
  }
  const found = walk.find(agentName);
  if (found.kind === "missing") return { diagnostics: [{ ...toTerraform(found.diagnostic), path: [] }] };
  if (found.kind === "unknown") return refuse(problem("AGENT_MISSING", `How agent "${agentName}" is reached is not known yet.`));
  const { observation, problem: silent } = await found.agent.observe(context.signal);
  if (silent !== undefined) return { diagnostics: [toTerraform({ ...silent, severity: "error" })] };
  const vm = observation.vms.find((one) => one.name === name);
  if (vm === undefined) return refuse(notThere(agentName, name, observation));
  walk.known.add(vm.uid);
  return { state: importedState(agentName, vm, observation), private: { seen: toSeen(observation.host.agentId, vm) } satisfies VmPrivate };
}

function notThere(agent: string, name: string, { vms }: Observation): Error {
  const names = vms.map((vm) => vm.name).sort();
  const shown = names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
  return problem("VM_NOT_FOUND", `Agent "${agent}" has no VM "${name}".`, {
    hint: names.length === 0 ? "It has none." : `It has ${shown}.`,
    agent,
  });
}

function refuse(reason: unknown): ImportAnswer {
  const { diagnostics } = reason as { readonly diagnostics: readonly Parameters<typeof toTerraform>[0][] };
  return { diagnostics: diagnostics.map((one) => toTerraform(one)) };
}
