/** grpc.health.v1.Health: the server as a whole and each of its services serve while the hypervisor answers. */
import { health } from "@ghost/proto/server";
import { problem } from "@ghost/schemas";
import { Handlers } from "./rpc.ts";
import type { RpcMonitor, Traffic } from "./rpc.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;
type Status = health.HealthCheckResponse_ServingStatus;

/** How often a watcher's answer is looked at again. */
const POLL_MS = 2_000;

export interface HealthServiceOptions {
  /** Full names of the server's services. */
  readonly services: readonly string[];
  readonly isHealthy: () => Promise<boolean>;
  readonly traffic: Traffic;
  readonly monitor: RpcMonitor;
}

export function createHealthService({ services, isHealthy, traffic, monitor }: HealthServiceOptions): health.HealthServer {
  const handlers = new Handlers("grpc.health.v1.Health", traffic, monitor);
  const known = new Set(["", ...services]);
  const status = async (): Promise<Status> => ((await isHealthy()) ? SERVING : NOT_SERVING);
  return {
    check: handlers.unary("Check", "reads", async ({ service }) => {
      if (!known.has(service)) throw problem("SERVICE_NOT_FOUND", `This server has no service ${JSON.stringify(service)}.`);
      return { status: await status() };
    }),
    watch: handlers.streaming("Watch", "reads", async ({ service }, call, signal) => {
      const end = AbortSignal.any([signal, traffic.closing]);
      let told: Status | undefined;
      while (!end.aborted) {
        const now = known.has(service) ? await status() : SERVICE_UNKNOWN;
        if (now !== told) call.write({ status: now });
        told = now;
        await pause(end);
      }
    }),
  };
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, POLL_MS).unref();
    signal.addEventListener("abort", end, { once: true });
  });
}
