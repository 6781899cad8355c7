/*
 * unregistered ──register──▶ registered ──heartbeat refused, unknown or unanswered──▶ unregistered
 *
 * (1) One loop: a beat, then the interval. A beat registers when the agent is not registered, else it is a heartbeat.
 * (2) An agent that Ghost Core refuses or does not know registers again at once; one that cannot reach it, with the
 *     next beat.
 * (3) Reports wait in a queue, go out in order, and stay in it until they were heard: a report may arrive twice,
 *     never before an older one. One that Ghost Core answers with errors again and again is dropped.
 * (4) Nothing here delays or fails the agent's own work.
 * (5) Commands in the answers are not carried out: plans and applies are the one way to change a host.
 */
import { ghostapi } from "@ghost/proto/server";
import { createChannel } from "@ghost/proto/client";
import type { Channel, Method, Target } from "@ghost/proto/client";
import type { ServiceError } from "@grpc/grpc-js";
import type { VmStatus } from "@ghost/schemas";
import type { AgentMetrics } from "../http/metrics.ts";
import { withinTime } from "../http/bounded.ts";
import type { Logger } from "../logging.ts";
import { isPassing, isUnheard, isUnknownAgent, systemClock, withAttempts } from "./attempts.ts";
import type { Clock } from "./attempts.ts";
import { createdReport, resourceInfo, vmInfo } from "./messages.ts";
import type { CoreSnapshot, CreatedVm } from "./messages.ts";
import { ReportQueue } from "./report-queue.ts";
import type { Report } from "./report-queue.ts";

export interface CoreClientOptions {
  readonly target: Target;
  readonly agentName: string;
  readonly tailscaleIp: string;
  readonly version: string;
  readonly heartbeatMs: number;
  readonly snapshot: () => Promise<CoreSnapshot>;
  readonly metrics: Pick<AgentMetrics, "apiCall" | "heartbeat">;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** How long Ghost Core may take to answer a call; 10 s. */
  readonly timeoutMs?: number;
}

const QUEUE_LIMIT = 1000;
const MAX_FAILURES = 5;
/** What is left to say at the end must not hold up the end. */
const FAREWELL_MS = 3_000;
const REMEMBERED_COMMANDS = 1000;

const service = ghostapi.GhostCoreServiceService;

export class CoreClient {
  readonly #options: CoreClientOptions & { readonly clock: Clock; readonly timeoutMs: number };
  readonly #channel: Channel;
  readonly #stopping = new AbortController();
  readonly #queue = new ReportQueue(QUEUE_LIMIT);
  readonly #commands = new Set<string>();
  readonly #loop: Promise<void>;
  #pumping: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #agentId: string | undefined;
  #snapshot: CoreSnapshot | undefined;
  #lost = false;

  constructor(options: CoreClientOptions) {
    this.#options = { clock: systemClock, timeoutMs: 10_000, ...options };
    this.#channel = createChannel({ target: options.target, timeoutMs: this.#options.timeoutMs, toError: (error) => error });
    this.#loop = this.#run();
  }

  reportCreated(vm: CreatedVm): void {
    this.#report(`creation of VM ${vm.name}`, async (agentId, timeoutMs) => {
      const { success, message } = await this.#call("report_vm_created", service.reportVmCreated, createdReport(agentId, vm), timeoutMs);
      return success ? undefined : message || "no reason given";
    });
  }

  reportDeleted(uid: string): void {
    this.#report(`deletion of VM ${uid}`, async (agentId, timeoutMs) => {
      const { success } = await this.#call("report_vm_deleted", service.reportVmDeleted, { agent_id: agentId, vm_id: uid }, timeoutMs);
      return success ? undefined : "no reason given";
    });
  }

  reportStatus(uid: string, status: VmStatus): void {
    this.#report(`status of VM ${uid}`, async (agentId, timeoutMs) => {
      const { success } = await this.#call(
        "report_vm_status_change",
        service.reportVmStatusChange,
        { agent_id: agentId, vm_id: uid, status },
        timeoutMs,
      );
      return success ? undefined : "no reason given";
    });
  }

  /** Sends what is left, takes leave of Ghost Core and closes; takes 3 s at most. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #run(): Promise<void> {
    const { clock, heartbeatMs, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#beat();
      } catch (reason) {
        logger.error({ err: reason }, "Reporting to Ghost Core failed");
      }
      await clock.sleep(heartbeatMs, signal).catch(() => {});
    }
  }

  async #beat(): Promise<void> {
    const { snapshot, timeoutMs, logger } = this.#options;
    // With a hypervisor that hangs, what was last known is still better than no sign of life.
    this.#snapshot = (await withinTime((async () => snapshot())(), timeoutMs)) ?? this.#snapshot;
    if (this.#snapshot === undefined) return logger.warn("The hypervisor does not answer, so Ghost Core hears nothing yet");
    await (this.#agentId === undefined ? this.#register(this.#snapshot) : this.#heartbeat(this.#agentId, this.#snapshot));
    this.#pump();
  }

  async #register(snapshot: CoreSnapshot): Promise<void> {
    const { agentName, tailscaleIp, version, logger } = this.#options;
    const request = { agent_name: agentName, tailscale_ip: tailscaleIp, resources: resourceInfo(snapshot), version };
    const answer = await this.#attempt(() => this.#call("register", service.registerAgent, request));
    if (answer === undefined) return;
    if (!answer.success || answer.agent_id === "")
      return logger.warn({ message: answer.message }, "Ghost Core refuses to register the agent");
    this.#agentId = answer.agent_id;
    this.#lost = false;
    logger.info({ agentId: answer.agent_id }, "Registered with Ghost Core");
  }

  async #heartbeat(agentId: string, snapshot: CoreSnapshot): Promise<void> {
    const { clock, metrics, logger } = this.#options;
    const request = (): ghostapi.HeartbeatRequest => ({
      agent_id: agentId,
      resources: resourceInfo(snapshot),
      vms: snapshot.vms.map(vmInfo),
      timestamp: Math.floor(clock.now().getTime() / 1000),
    });
    let isUnknown = false;
    const answer = await this.#attempt(
      () => this.#call("heartbeat", service.heartbeat, request()),
      (reason) => (isUnknown = isUnknownAgent(reason)),
    );
    if (this.#stopping.signal.aborted) return;
    metrics.heartbeat(answer?.success === true);
    if (answer?.success === true) return this.#ignore(answer.commands);
    this.#agentId = undefined;
    if (answer === undefined && !isUnknown) return;
    logger.warn({ message: answer?.message }, "Ghost Core does not take the heartbeat; the agent registers again");
    await this.#register(snapshot);
  }

  #ignore(commands: readonly ghostapi.Command[]): void {
    for (const { command_id, type } of commands) {
      if (this.#commands.has(command_id)) continue;
      if (this.#commands.size >= REMEMBERED_COMMANDS) this.#commands.clear();
      this.#commands.add(command_id);
      this.#options.logger.warn({ command_id, type }, "Ghost Core sent a command; it is ignored, since no setting allows commands");
    }
  }

  #report(what: string, send: Report["send"]): void {
    if (this.#stopped !== undefined) return;
    const dropped = this.#queue.add({ what, send, failures: 0 });
    if (dropped !== undefined)
      this.#options.logger.debug(`${QUEUE_LIMIT} reports to Ghost Core wait; dropped the oldest, the ${dropped.what}`);
    this.#pump();
  }

  /** Sends what waits, unless that is under way. */
  #pump(): void {
    this.#pumping ??= this.#sendReports().finally(() => {
      this.#pumping = undefined;
    });
  }

  async #sendReports(): Promise<void> {
    const { clock, logger } = this.#options;
    for (;;) {
      const report = this.#queue.first;
      const agentId = this.#agentId;
      if (report === undefined || agentId === undefined || this.#stopping.signal.aborted) return;
      try {
        const refusal = await withAttempts(() => report.send(agentId), clock, this.#stopping.signal);
        if (refusal !== undefined) logger.warn({ message: refusal }, `Ghost Core refuses the report of the ${report.what}`);
      } catch (reason) {
        // Kept for after the next good heartbeat, which also finds out whether the agent is still known.
        if (isUnheard(reason) || this.#stopping.signal.aborted) return;
        report.failures += 1;
        if ((isPassing(reason) || isUnknownAgent(reason)) && report.failures < MAX_FAILURES) return;
        logger.warn({ err: reason }, `Gave up the report of the ${report.what}`);
      }
      this.#queue.remove(report);
    }
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#loop, this.#pumping]);
    const agentId = this.#agentId;
    const endMs = performance.now() + FAREWELL_MS;
    const left = (): number => Math.max(1, endMs - performance.now());
    if (agentId !== undefined) {
      try {
        for (let report = this.#queue.first; report !== undefined && left() > 1; report = this.#queue.first) {
          await report.send(agentId, left());
          this.#queue.remove(report);
        }
        await this.#call("unregister", service.unregisterAgent, { agent_id: agentId }, left());
      } catch (reason) {
        this.#options.logger.warn({ reason: messageOf(reason) }, "Could not take leave of Ghost Core");
      }
    }
    this.#channel.close();
  }

  /** Undefined when it failed, which is logged once until Ghost Core is there again. */
  async #attempt<T>(call: () => Promise<T>, look: (reason: unknown) => void = () => {}): Promise<T | undefined> {
    const { clock, logger } = this.#options;
    try {
      return await withAttempts(call, clock, this.#stopping.signal);
    } catch (reason) {
      if (this.#stopping.signal.aborted) return undefined;
      look(reason);
      logger[this.#lost ? "debug" : "warn"](
        { reason: messageOf(reason) },
        "Ghost Core cannot be reached; the agent works on and tries again",
      );
      this.#lost = true;
      return undefined;
    }
  }

  /** The last calls have a time of their own and outlive the stop. */
  async #call<Q, R>(endpoint: string, method: Method<Q, R>, request: Q, timeoutMs?: number): Promise<R> {
    const startedMs = performance.now();
    try {
      return await this.#channel.unary(method, request, timeoutMs === undefined ? { signal: this.#stopping.signal } : { timeoutMs });
    } finally {
      this.#options.metrics.apiCall(endpoint, (performance.now() - startedMs) / 1000);
    }
  }
}

/** Reports to Ghost Core from now until `stop`. */
export function startCoreClient(options: CoreClientOptions): CoreClient {
  return new CoreClient(options);
}

function messageOf(reason: unknown): string {
  return (reason as Partial<ServiceError>).details ?? (reason instanceof Error ? reason.message : String(reason));
}
