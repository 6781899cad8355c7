import type { AgentMetrics, HostGauges } from "./metrics.ts";
import { oneAtATime, withinTime } from "./bounded.ts";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Route = () => Promise<Answer>;

export interface HypervisorCheck {
  readonly up: boolean;
  readonly message?: string;
}

/** What the answers are made of. */
export interface Sources {
  readonly version: string;
  readonly metrics: AgentMetrics;
  readonly checkHypervisor: () => Promise<HypervisorCheck>;
  /** The agent takes calls. */
  readonly isReady: () => boolean | Promise<boolean>;
  readonly readHost: () => Promise<HostGauges>;
  /** How long a source may take; 2 s. */
  readonly timeoutMs?: number;
}

const TEXT = "text/plain; charset=utf-8";

/** 200 while the hypervisor answers, else 503. The shape is the original's; `libvirt` is whatever hypervisor the agent has. */
export function healthRoute({ version, checkHypervisor, timeoutMs = 2000 }: Sources): Route {
  const ask = oneAtATime(async () => {
    try {
      return await checkHypervisor();
    } catch (reason) {
      return { up: false, message: reason instanceof Error ? reason.message : String(reason) };
    }
  });
  return async () => {
    const { up, message } = (await withinTime(ask(), timeoutMs)) ?? { up: false, message: `no answer within ${timeoutMs / 1000} s` };
    const report = {
      status: up ? "healthy" : "unhealthy",
      version,
      timestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      checks: { libvirt: { status: up ? "up" : "down", ...(message !== undefined && message !== "" && { message }) } },
      metrics: {
        uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
        // Node has no goroutines: what is under way instead (sockets, timers, requests), which a leak makes grow likewise.
        goroutines: process.getActiveResourcesInfo().length,
      },
    };
    return { status: up ? 200 : 503, contentType: "application/json", body: `${JSON.stringify(report)}\n` };
  };
}

export function readyRoute({ isReady, timeoutMs = 2000 }: Sources): Route {
  const ask = oneAtATime(async () => isReady());
  return async () => {
    const ready = (await withinTime(ask(), timeoutMs)) === true;
    return { status: ready ? 200 : 503, contentType: TEXT, body: ready ? "READY" : "NOT READY" };
  };
}

export function liveRoute(): Route {
  return async () => ({ status: 200, contentType: TEXT, body: "OK" });
}

export function metricsRoute({ metrics, readHost, timeoutMs = 2000 }: Sources): Route {
  const ask = oneAtATime(async () => readHost());
  return async () => {
    metrics.host(await withinTime(ask(), timeoutMs));
    const { contentType, text } = await metrics.render();
    return { status: 200, contentType, body: text };
  };
}
