/*
 * One agent of the provider's block during one walk of Terraform over its graph.
 *
 * (1) It is asked for its Snapshot once, whoever asks and however often at the same time; what goes wrong is kept too,
 *     so that a silent agent is waited for once and not once for each of its VMs.
 * (2) What an operation of ours gives back is put into the kept answer. Of what else moves in the meantime the agent
 *     itself knows: each step is bound to the revision that it was planned for.
 */
import type { DesiredAgent, HostCalls } from "@ghost/engine";
import type { Diagnostic, Observation, ObservedVm } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Connections } from "./connections.ts";
import { createLimit } from "./limit.ts";

/** Steps that run at once on one agent. */
const PARALLEL = 4;

/** An answer, or why there is none. */
export type Answer =
  | { readonly observation: Observation; readonly problem?: never }
  | { readonly observation?: never; readonly problem: Diagnostic };

export class FleetAgent {
  readonly entry: DesiredAgent;
  /** Runs few things at once on this agent. */
  readonly limit: <T>(task: () => Promise<T>) => Promise<T> = createLimit(PARALLEL);
  readonly #connections: Connections;
  readonly #nameOf: Map<string, string>;
  #answer: Promise<Answer> | undefined;

  /** `nameOf` is shared by all agents of a walk: their names by agent_id, as they answer. */
  constructor(entry: DesiredAgent, connections: Connections, nameOf: Map<string, string>) {
    this.entry = entry;
    this.#connections = connections;
    this.#nameOf = nameOf;
  }

  get name(): string {
    return this.entry.name;
  }

  /** Throws what is wrong with the address or the certificates. */
  client(): Promise<HostCalls> {
    return this.#connections.open(this.entry);
  }

  /** What the agent has. Rejects only with the signal's reason. */
  async observe(signal?: AbortSignal): Promise<Answer> {
    const answer = (this.#answer ??= this.#ask(signal));
    try {
      return await answer;
    } catch (reason) {
      // Whoever asked first gave up; the next one asks for itself.
      if (this.#answer === answer) this.#answer = undefined;
      if (signal?.aborted !== false) throw reason;
      return await this.observe(signal);
    }
  }

  /** Asks again when it is asked next: something on the agent is not as the kept answer says. */
  forget(): void {
    this.#answer = undefined;
  }

  /** Puts a VM into the kept answer as an operation left it. */
  keep(vm: ObservedVm): void {
    this.#change((vms) => [...vms.filter(({ uid }) => uid !== vm.uid), vm]);
  }

  /** Takes a VM out of the kept answer. */
  drop(uid: string): void {
    this.#change((vms) => vms.filter((vm) => vm.uid !== uid));
  }

  #change(change: (vms: readonly ObservedVm[]) => readonly ObservedVm[]): void {
    const changed = this.#answer?.then((answer): Answer => {
      const { observation } = answer;
      return observation === undefined ? answer : { observation: { ...observation, vms: change(observation.vms) } };
    });
    // Whoever asks is told of a question that was given up; nobody may ask any more.
    changed?.catch(() => undefined);
    this.#answer = changed;
  }

  async #ask(signal?: AbortSignal): Promise<Answer> {
    try {
      const client = await this.client();
      const { timeoutMs } = this.entry;
      const observation = await client.snapshot("", { setDigestOnly: true, timeoutMs, ...(signal && { signal }) });
      const { agentId } = observation.host;
      const first = this.#nameOf.get(agentId) ?? this.name;
      this.#nameOf.set(agentId, first);
      return first === this.name ? { observation } : { problem: duplicate(first, this.name) };
    } catch (reason) {
      signal?.throwIfAborted();
      this.#connections.forget(this.entry);
      return { problem: { ...GhostError.from(reason).diagnostics[0], agent: this.name } };
    }
  }
}

function duplicate(first: string, name: string): Diagnostic {
  return {
    code: "AGENT_DUPLICATE",
    severity: "error",
    detail: `Agents "${first}" and "${name}" of the provider's block reach one agent: its VMs would be counted twice.`,
    hint: `Remove one of the two, and let its VMs name the other.`,
    agent: name,
  };
}
