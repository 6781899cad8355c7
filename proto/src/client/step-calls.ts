/*
 * The steps of one connection, over one call for as long as any of them is under way: a call costs each side more than
 * a step does.
 *
 * (1) What is told of a step goes to whoever asked for it, by its operation's id.
 * (2) A call that breaks breaks all that is under way on it, and says nothing of the operations: they go on.
 * (3) Who leaves early leaves the operation alone; so does the end of the call.
 */
import { GhostError, problem } from "@ghost/schemas";
import type { Diagnostic, Operation } from "@ghost/schemas";
import { HostServiceService } from "../../gen/ghost/host/v1/host.ts";
import type { ExecuteStepsRequest, ExecuteStepsResponse } from "../../gen/ghost/host/v1/host.ts";
import { diagnosticFromWire } from "../wire/diagnostic.ts";
import { executeToWire } from "../wire/execute.ts";
import type { ExecuteInput } from "../wire/execute.ts";
import { operationFromWire } from "../wire/operation.ts";
import type { Channel, Duplex } from "./channel.ts";
import { fromAgent, withAgent } from "./errors.ts";

/** One step of a call, as its follower reads it. */
class Told {
  #items: Operation[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(operation: Operation): void {
    this.#items.push(operation);
    this.#wake?.();
  }

  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *read(signal: AbortSignal | undefined): AsyncGenerator<Operation, void, undefined> {
    const wake = (): void => this.#wake?.();
    signal?.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        const items = this.#items;
        this.#items = [];
        yield* items;
        // Meanwhile more may have come, or the reader may have been told to stop.
        if (items.length > 0) continue;
        if (this.#end !== undefined) {
          if ("error" in this.#end) throw this.#end.error;
          return;
        }
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }
}

interface OpenCall {
  readonly duplex: Duplex<ExecuteStepsRequest>;
  /** By operation id. */
  readonly steps: Map<string, Told>;
  /** The header that the agent has. */
  header?: ExecuteInput["header"];
}

export class StepCalls {
  readonly #agent: string;
  readonly #channel: Channel;
  #call: OpenCall | undefined;

  constructor(agent: string, channel: Channel) {
    this.#agent = agent;
    this.#channel = channel;
  }

  /** The operation as it moves, its end last; begun when the first state is asked for. */
  async *execute(
    input: ExecuteInput,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Operation, void, undefined> {
    signal?.throwIfAborted();
    // One id twice at the same time gets a call of its own: who is told is known by it.
    const isShared = this.#call?.steps.has(input.operationId) !== true;
    const call = isShared ? (this.#call ??= this.#open()) : this.#open();
    const told = new Told();
    call.steps.set(input.operationId, told);
    const withHeader = call.header !== input.header;
    call.header = input.header;
    call.duplex.send({ execute: executeToWire(input, { withHeader }) });
    let last: Operation | undefined;
    try {
      for await (const operation of told.read(signal)) yield (last = operation);
      requireEnd(this.#agent, last);
    } finally {
      call.steps.delete(input.operationId);
      this.#closeWhenIdle(call);
    }
  }

  #open(): OpenCall {
    const call: OpenCall = {
      steps: new Map(),
      duplex: this.#channel.duplex(HostServiceService.executeSteps, {
        onAnswer: (response) => this.#tell(call, response),
        onEnd: (error) => {
          if (this.#call === call) this.#call = undefined;
          for (const told of call.steps.values()) told.end(error);
        },
      }),
    };
    return call;
  }

  #tell(call: OpenCall, { operation_id: id, operation: message, problems }: ExecuteStepsResponse): void {
    const told = call.steps.get(id);
    if (told === undefined) return;
    try {
      if (message === undefined) return told.end(this.#refusal(problems.map(diagnosticFromWire)));
      const operation = fromAgent(this.#agent, () => operationFromWire(message));
      told.push(operation);
      if (operation.state !== "pending" && operation.state !== "running") told.end();
    } catch (reason) {
      told.end(reason);
    }
  }

  #refusal([first, ...others]: readonly Diagnostic[]): GhostError {
    if (first === undefined)
      return problem("AGENT_PROTOCOL", `Agent "${this.#agent}" answers with neither an operation nor a problem.`, {
        hint: `Bring agent "${this.#agent}" to this version of Ghost.`,
        agent: this.#agent,
      });
    return new GhostError(withAgent([first, ...others], this.#agent));
  }

  /** Ended a turn later: whoever ends a step mostly begins the next. */
  #closeWhenIdle(call: OpenCall): void {
    if (call.steps.size > 0) return;
    setImmediate(() => {
      if (call.steps.size > 0) return;
      if (this.#call === call) this.#call = undefined;
      call.duplex.end();
    });
  }
}

/** What is told of an operation must have an end: what stops before is a lost agent, not a success. */
export function requireEnd(agent: string, last: Operation | undefined): void {
  if (last !== undefined && last.state !== "pending" && last.state !== "running") return;
  throw problem(
    "AGENT_UNREACHABLE",
    `Agent "${agent}" ended its report of ${last === undefined ? "the operation" : `operation ${last.id}`} before the operation ended.`,
    { hint: "The agent goes on with what it began; run the command again to see what is left.", agent },
  );
}
