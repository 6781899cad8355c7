/** The agent of an agent.yaml: everything that `assemble` has, with its log, HTTP addresses, metrics and Ghost Core. */
import type { Operation } from "@ghost/schemas";
import { assemble } from "./assemble.ts";
import type { AssembledAgent } from "./assemble.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { CoreClient } from "./core/core-client.ts";
import { createMetrics } from "./http/metrics.ts";
import type { AgentMetrics } from "./http/metrics.ts";
import { startHttp } from "./http/server.ts";
import { openHypervisor } from "./hypervisor/open.ts";
import { openLog } from "./logging.ts";
import type { Log } from "./logging.ts";
import { untilStopped } from "./lifetime.ts";
import type { RunningAgent, RunOptions } from "./run.ts";

const DRAIN_MS = 30_000;

/** Starts the agent of an agent.yaml. AGENT_START or AGENT_DATABASE when it cannot start. */
export async function runConfigured({ config, version, handleSignals = true, drainMs = DRAIN_MS }: RunOptions): Promise<RunningAgent> {
  await using started = new AsyncDisposableStack();
  const log = started.use(openLog(config.logging));
  const { logger } = log;
  const metrics = createMetrics();
  const agent = await assemble({
    dataDir: config.dataDir,
    openHypervisor: (store) => openHypervisor(config, store),
    identity: { name: config.name, version, reserved: config.reserved },
    defaultTemplate: config.defaultTemplate,
    address: config.grpc.address,
    ...(config.grpc.socketGroup !== undefined && { socketGroup: config.grpc.socketGroup }),
    ...(config.grpc.tls !== undefined && { tls: config.grpc.tls }),
    parallel: config.operations.maxRunning,
    keepDays: config.operations.keepDays,
    drainMs,
    log: logger,
    onRpc: (event) => metrics.rpc(event),
  });
  started.defer(() => agent.stop());
  const http = started.use(
    await startHttp({
      version,
      metrics,
      health: config.health,
      metricsAt: config.metrics,
      isReady: async () => agent.isReady && (await isUp(agent)).up,
      checkHypervisor: () => isUp(agent),
      readHost: async () => {
        const [{ host, vms }, usage] = await Promise.all([agent.observe(), agent.hypervisor.usage()]);
        return {
          vms: vms.map(({ uid, live, name, status }) => {
            const used = usage.get(uid);
            return { uid, name: live.name ?? name, isRunning: status === "running", ...(used !== undefined && { usage: used }) };
          }),
          vmsRunning: vms.filter((vm) => vm.status === "running").length,
          operationsRunning: agent.operations.activeCount,
          total: host.total,
          available: host.available,
          reserved: host.reserved,
        };
      },
    }),
  );
  const core = await startCore(config, version, agent, metrics, log);
  agent.operations.onOperation((operation) => count(operation, metrics, core));
  if (config.hypervisor === "auto" && agent.hypervisor.kind === "simulated")
    logger.warn(
      {},
      "hypervisor: auto: this agent drives a simulated host: no libvirt socket is on this machine, or data_dir keeps VMs of a simulated host. See ghost agent doctor",
    );
  logger.info(
    { agent_id: agent.store.agentId, address: agent.server.address, hypervisor: agent.hypervisor.kind, version },
    "The agent is running",
  );

  const parts = started.move();
  const { stopped, stop } = untilStopped(handleSignals, logger, async () => {
    logger.info({}, "The agent is stopping");
    await agent.stop(() => core?.stop() ?? Promise.resolve());
    logger.info({}, "The agent has stopped");
    await parts.disposeAsync();
  });
  return {
    agentId: agent.store.agentId,
    address: agent.server.address,
    ...(http.healthUrl !== undefined && { healthUrl: http.healthUrl }),
    ...(http.metricsUrl !== undefined && { metricsUrl: http.metricsUrl }),
    stopped,
    stop,
  };
}

async function isUp(agent: AssembledAgent): Promise<{ up: boolean; message?: string }> {
  try {
    await agent.hypervisor.ping();
    return { up: true };
  } catch (reason) {
    return { up: false, message: reason instanceof Error ? reason.message : String(reason) };
  }
}

/** Ghost Core hears of the host and its VMs, where it is configured. */
async function startCore(
  config: AgentConfig,
  version: string,
  agent: AssembledAgent,
  metrics: AgentMetrics,
  { logger }: Log,
): Promise<CoreClient | undefined> {
  if (config.core === undefined) return undefined;
  const { startCoreClient } = await import("./core/core-client.ts");
  const { coreTarget } = await import("./core/core-target.ts");
  const { ownAddress } = await import("./core/own-address.ts");
  const core = startCoreClient({
    target: coreTarget(config.core),
    agentName: config.name,
    tailscaleIp: ownAddress(),
    version,
    heartbeatMs: config.core.heartbeatMs,
    snapshot: async () => {
      const { host, vms } = await agent.observe();
      return {
        total: host.total,
        available: host.available,
        vms: vms.map(({ uid, name, status, ipAddress, live }) => ({
          uid,
          name,
          status,
          ipAddress,
          vcpu: live.vcpu ?? 0,
          ram_gb: live.ram_gb ?? 0,
        })),
      };
    },
    metrics,
    logger,
  });
  agent.hypervisor.onChange(({ what, uid }) => {
    // What a create or a delete does on its way is told by its end.
    if (what !== "status" || (agent.store.vms.get(uid)?.phase ?? "ready") !== "ready") return;
    void agent.hypervisor.find(uid).then(
      (domain) => domain !== undefined && core.reportStatus(uid, domain.status),
      () => undefined,
    );
  });
  return core;
}

/** What an operation's end means to those who count and to those who listen. */
function count(
  { kind, action, state, noop, uid, name, vm, endedAt }: Operation,
  metrics: AgentMetrics,
  core: CoreClient | undefined,
): void {
  if (endedAt === undefined || kind !== "vm") return;
  metrics.vmOperation(action, state === "succeeded" ? "success" : "error");
  if (state !== "succeeded" || noop) return;
  if (action === "create") metrics.vmCreated();
  if (action === "delete") {
    metrics.vmDeleted();
    core?.reportDeleted(uid);
  }
  if (action === "create" && vm !== undefined) {
    core?.reportCreated({
      uid,
      name,
      status: vm.status,
      ipAddress: vm.ipAddress,
      vcpu: vm.live.vcpu ?? 0,
      ram_gb: vm.live.ram_gb ?? 0,
      disk_gb: vm.live.disk_gb ?? 0,
      template: vm.live.image ?? "",
    });
  }
}
