/**
 * An agent in memory, as simple as its promises allow: it checks what an agent must check, journals by operation id,
 * changes VMs at once, and breaks where a test asks for it. No stand-in for the simulated host, which is a real one.
 */
import type { ExecuteInput } from "@ghost/proto/client";
import type { Observation, ObservedVm, Operation, SetRecord, StepBody } from "@ghost/schemas";
import { exceedsImpact, GhostError, problem, worstImpact } from "@ghost/schemas";
import { diffVm, isVmAsDesired } from "../diff/diff-vm.ts";
import { revisionOf } from "../diff/projection.ts";
import { sameValue } from "../diff/same.ts";
import type { HostCalls } from "../observe.ts";
import { omitSettled, versionOf } from "../plan/set-record.ts";
import { planHash, stepHash, verifyProof } from "../plan/bind.ts";
import { ALL_CAPABILITIES, anAnswer } from "./fixtures.ts";

/** What a test may break: called before an operation, in the middle of it, and when it has ended but is not told yet. */
export type Break = (where: "before" | "middle" | "after", body: StepBody) => void;

export interface ModelAgent extends HostCalls {
  readonly agentId: string;
  /** By uid. Tests change it as somebody behind the agent would. */
  readonly vms: Map<string, ObservedVm>;
  /** Bodies of the operations that changed something, in order. */
  readonly effects: StepBody[];
  /** Every call that is not a question. */
  mutatingCalls: number;
  snapshots: number;
  /** How often the whole record was written. */
  setsWritten: number;
  set: SetRecord | undefined;
  settings: Observation["host"]["settings"];
  onOperation: Break;
  isReachable: boolean;
  /** How many operations run, and the most that ever did. */
  running: number;
  mostRunning: number;
}

/** A step that was already begun by the same plan may find its own revision. */
export function createModelAgent(name: string): ModelAgent {
  const journal = new Map<string, Operation>();
  const agent: ModelAgent = {
    agentId: `id-${name}`,
    vms: new Map(),
    effects: [],
    mutatingCalls: 0,
    snapshots: 0,
    setsWritten: 0,
    set: undefined,
    settings: {},
    onOperation: () => undefined,
    isReachable: true,
    running: 0,
    mostRunning: 0,

    async snapshot(_stack, { setDigestOnly = false } = {}) {
      await pause();
      requireReachable(agent, name);
      agent.snapshots++;
      const answer = anAnswer(name, [...agent.vms.values()].map(withRevision), { host: { settings: agent.settings } });
      const { set } = agent;
      return set === undefined ? answer : { ...answer, set: setDigestOnly ? omitSettled(set, agent.agentId, answer.vms) : set };
    },
    async updateSet(set, expected) {
      await pause();
      requireReachable(agent, name);
      agent.mutatingCalls++;
      if (!sameValue(versionOf(agent.set), expected)) throw problem("SET_CONFLICT", `the record has serial ${agent.set?.serial}, not ${expected.serial}`);
      if (set.membersOmitted === true) return set;
      agent.setsWritten++;
      return (agent.set = set);
    },
    async *execute(input) {
      await pause();
      requireReachable(agent, name);
      agent.mutatingCalls++;
      const known = journal.get(input.operationId);
      if (known?.state === "succeeded") return yield withPresentVm(known, agent.vms.get(known.uid));
      yield toOperation(input, "running");
      agent.running++;
      agent.mostRunning = Math.max(agent.mostRunning, agent.running);
      try {
        agent.onOperation("before", input.body);
        await pause();
        requireReachable(agent, name);
        const ended = operate(agent, input);
        journal.set(input.operationId, ended);
        agent.onOperation("after", input.body);
        yield ended;
      } finally {
        agent.running--;
      }
    },
    async *attachOperation(id) {
      await pause();
      requireReachable(agent, name);
      const known = journal.get(id);
      if (known === undefined) throw problem("OPERATION_NOT_FOUND", `no operation ${id}`);
      yield known;
    },
  };
  return agent;
}

function operate(agent: ModelAgent, input: ExecuteInput): Operation {
  try {
    const noop = carryOut(agent, input);
    const vm = agent.vms.get(input.body.uid);
    return { ...toOperation(input, "succeeded"), noop, ...(vm && { vm: withRevision(vm) }) };
  } catch (reason) {
    if (!(reason instanceof GhostError)) throw reason;
    return { ...toOperation(input, "failed"), diagnostics: reason.diagnostics };
  }
}

/** Gives whether there was nothing to do. */
function carryOut(agent: ModelAgent, { header, proof, body }: ExecuteInput): boolean {
  const hash = planHash(header);
  if (!verifyProof(stepHash(body), proof, header.steps_root, header.step_count) || body.agent_id !== agent.agentId) throw problem("PLAN_MISMATCH", `step ${body.id} is not of the plan`);
  if (body.kind === "agent") {
    if (sameValue({ ...agent.settings, ...body.settings }, agent.settings)) return true;
    agent.settings = { ...agent.settings, ...body.settings };
    agent.effects.push(body);
    return false;
  }
  const existing = agent.vms.get(body.uid);
  const isDone = (): boolean => {
    if (body.action === "delete") return existing === undefined;
    if (body.action === "release") return existing?.owner === "";
    return existing?.phase === "ready" && !existing.isAwaited && existing.owner === header.owner && isVmAsDesired(body.vm!, existing.live, existing.status) && sameValue(existing.applied, body.vm) && sameValue(existing.pending, {});
  };
  if (isDone()) return true;
  if (body.action === "create") {
    if ([...agent.vms.values()].some(({ name, uid }) => name === body.name && uid !== body.uid)) throw problem("VM_EXISTS", `a VM ${body.name} exists`);
    agent.vms.set(body.uid, made(body, header.owner, hash, "creating"));
    agent.onOperation("middle", body);
    agent.vms.set(body.uid, made(body, header.owner, hash, "ready"));
  } else {
    if (existing === undefined) throw problem("VM_NOT_FOUND", `no VM ${body.uid}`);
    if (revisionOf(existing) !== body.revision && existing.planHash !== hash) throw problem("PLAN_STALE", `${body.name} moved`);
    if (existing.owner !== header.owner && body.action !== "adopt") throw problem("OWNED_BY_OTHER", `${body.name} belongs to ${existing.owner}`);
    change(agent, existing, body, header.owner, hash);
  }
  agent.effects.push(body);
  return false;
}

function change(agent: ModelAgent, existing: ObservedVm, body: StepBody, owner: string, hash: string): void {
  switch (body.action) {
    case "delete":
      if (existing.live.protect === true) throw problem("VM_PROTECTED", `${body.name} is protected`);
      agent.vms.set(body.uid, { ...existing, phase: "deleting", planHash: hash });
      agent.onOperation("middle", body);
      agent.vms.delete(body.uid);
      return;
    case "release":
      agent.vms.set(body.uid, { ...existing, owner: "", planHash: hash });
      return;
    default: {
      const { live, applied, pending, status, guestAgent } = existing;
      const impact = worstImpact(diffVm({ desired: body.vm!, live, applied, pending, status, guestAgent, capabilities: ALL_CAPABILITIES }).map((one) => one.impact));
      if (exceedsImpact(impact, body.impact)) throw problem("IMPACT_EXCEEDED", `${body.name}: ${impact} is worse than ${body.impact}`);
      agent.vms.set(body.uid, { ...existing, planHash: hash });
      agent.onOperation("middle", body);
      const vm = body.vm!;
      agent.vms.set(body.uid, {
        ...existing,
        name: body.name,
        owner,
        live: vm,
        applied: vm,
        defaults: body.defaults ?? existing.defaults,
        pending: {},
        isAwaited: false,
        status: vm.power === "unmanaged" ? status : vm.power === "stopped" ? "stopped" : "running",
        planHash: hash,
      });
    }
  }
}

function made(body: StepBody, owner: string, hash: string, phase: ObservedVm["phase"]): ObservedVm {
  const vm = body.vm!;
  return {
    uid: body.uid,
    name: body.name,
    owner,
    live: vm,
    applied: phase === "ready" ? vm : {},
    defaults: body.defaults ?? {},
    pending: {},
    status: phase === "ready" && vm.power !== "stopped" ? "running" : "stopped",
    statusReason: "",
    revision: "",
    ipAddress: "",
    imageDigest: "",
    planHash: hash,
    gitCommit: "",
    diskIds: { root: `disk-${body.uid}` },
    macs: {},
    guestAgent: false,
    phase,
    isAwaited: false,
  };
}

function withPresentVm(operation: Operation, vm: ObservedVm | undefined): Operation {
  const { vm: _, ...told } = operation;
  return { ...told, ...(vm && { vm: withRevision(vm) }) };
}

function withRevision(vm: ObservedVm): ObservedVm {
  return { ...vm, revision: revisionOf(vm) };
}

function toOperation({ operationId, header, body }: ExecuteInput, state: Operation["state"]): Operation {
  const { kind, action, name, uid } = body;
  return { id: operationId, stepId: body.id, kind, action, name, uid, planHash: planHash(header), owner: header.owner, state, phase: "", bytesDone: 0, bytesTotal: 0, diagnostics: [], noop: false, attempt: 1 };
}

function requireReachable(agent: ModelAgent, name: string): void {
  if (!agent.isReachable) throw problem("AGENT_UNREACHABLE", `Agent "${name}" does not answer.`);
}

/** Lets everything else run in between, as a network would. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
