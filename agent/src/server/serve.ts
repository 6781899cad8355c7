import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { agentpb, health, host } from "@ghost/proto/server";
import type { Hypervisor } from "../hypervisor/driver.ts";
import type { HostIdentity } from "../operations/observation.ts";
import type { Operations } from "../operations/operations.ts";
import type { Store } from "../store/store.ts";
import { createAgentService } from "./agent-service.ts";
import { EventLog } from "./events.ts";
import { startGrpcServer } from "./grpc-server.ts";
import type { TlsFiles } from "../config/agent-config.ts";
import { createHealthService } from "./health-service.ts";
import { createHostService } from "./host-service.ts";
import { createReflectionService, reflectionDefinitions } from "./reflection-service.ts";
import { Traffic } from "./rpc.ts";
import type { RpcMonitor } from "./rpc.ts";

export interface ServeOptions {
  readonly hypervisor: Hypervisor;
  readonly store: Store;
  readonly operations: Operations;
  readonly identity: HostIdentity;
  readonly defaultTemplate: string;
  /** `unix:/path` or `host:port`. */
  readonly address: string;
  readonly socketGroup?: string;
  readonly tls?: TlsFiles;
  readonly isHealthy: () => Promise<boolean>;
  readonly monitor: RpcMonitor;
}

export interface AgentServer {
  /** As it is bound: with the port that the system gave. */
  readonly address: string;
  /** Calls that are being answered. */
  readonly openCalls: number;
  /** How long nobody has been connected and nothing has been asked. */
  readonly idleMs: number;
  close(timeoutMs: number): Promise<void>;
}

const HOST_SERVICE = "ghost.host.v1.HostService";
const AGENT_SERVICE = "agentpb.AgentService";
const HEALTH_SERVICE = "grpc.health.v1.Health";
const REFLECTION_SERVICES = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/** Serves every gRPC service of the agent at one address. AGENT_START when it cannot. */
export async function serve({
  hypervisor,
  store,
  operations,
  identity,
  defaultTemplate,
  address,
  socketGroup,
  tls,
  isHealthy,
  monitor,
}: ServeOptions): Promise<AgentServer> {
  const traffic = new Traffic();
  const events = new EventLog(hypervisor, operations);
  const shared = { hypervisor, store, operations, traffic, monitor };
  const reflection = createReflectionService([AGENT_SERVICE, HOST_SERVICE, HEALTH_SERVICE, ...REFLECTION_SERVICES]);
  const services: (readonly [ServiceDefinition, UntypedServiceImplementation])[] = [
    [host.HostServiceService, { ...createHostService({ ...shared, events, identity }) }],
    [agentpb.AgentServiceService, { ...createAgentService({ ...shared, defaultTemplate }) }],
    [health.HealthService, { ...createHealthService({ services: [HOST_SERVICE, AGENT_SERVICE], isHealthy, traffic, monitor }) }],
    ...reflectionDefinitions.map((definition) => [definition, { ...reflection }] as const),
  ];
  let grpc;
  try {
    grpc = await startGrpcServer({
      address,
      ...(socketGroup !== undefined && { socketGroup }),
      ...(tls !== undefined && { tls }),
      services,
    });
  } catch (reason) {
    events[Symbol.dispose]();
    throw reason;
  }
  const server = grpc;
  let lastConnectedMs = performance.now();
  return {
    address: server.address,
    get openCalls() {
      return traffic.open;
    },
    get idleMs() {
      if (server.connections > 0) lastConnectedMs = performance.now();
      return Math.min(traffic.idleMs, performance.now() - lastConnectedMs);
    },
    async close(timeoutMs) {
      traffic.close();
      events[Symbol.dispose]();
      await server.close(timeoutMs);
    },
  };
}
