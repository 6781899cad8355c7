/** Agents as processes: `ghost agent run`, configured or embedded. Each loads only what it needs. */
import type { AgentConfig } from "./config/agent-config.ts";
import type { LoadedConfig } from "./config/load.ts";

export type { AgentConfig } from "./config/agent-config.ts";
export type { LoadedConfig } from "./config/load.ts";

export interface RunOptions {
  readonly config: AgentConfig;
  readonly version: string;
  /** Stop at SIGTERM and SIGINT. Defaults to true. */
  readonly handleSignals?: boolean;
  /** How long running operations may take to end when the agent stops. Defaults to 30 s. */
  readonly drainMs?: number;
}

export interface RunningAgent {
  readonly agentId: string;
  /** Where gRPC is served, with the port that the system gave. */
  readonly address: string;
  readonly healthUrl?: string;
  readonly metricsUrl?: string;
  /** Resolves when the agent has ended. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly version: string;
  /** Ends after nobody was connected and nothing ran for so long. Defaults to 5 minutes. */
  readonly idleMs?: number;
  /** Stop at SIGTERM and SIGINT. Defaults to true. */
  readonly handleSignals?: boolean;
}

/**
 * Reads agent.yaml (defaults alone without a path) and the environment. Throws AGENT_CONFIG with every problem at
 * once.
 */
export async function loadAgentConfig(path: string | undefined, env: Readonly<Record<string, string | undefined>>): Promise<LoadedConfig> {
  return await (await import("./config/load.ts")).loadAgentConfig(path, env);
}

/** Path of a directory pool of libvirt, or why libvirt cannot be asked. AGENT_START when it has no such pool, or one of another kind. */
export async function findPoolFolder(uri: string, name: string): Promise<{ readonly folder: string } | { readonly silent: Error }> {
  return await (await import("./hypervisor/libvirt/storage-pool.ts")).findPoolFolder(uri, name);
}

/** Starts the agent of an agent.yaml. AGENT_START or AGENT_DATABASE when it cannot start. */
export async function runAgent(options: RunOptions): Promise<RunningAgent> {
  return await (await import("./configured.ts")).runConfigured(options);
}

/**
 * Starts the agent of a folder over its simulated host, on `embeddedSocketPath(dir)`; it ends by itself when idle.
 * Undefined when the folder has an agent already: then that one answers.
 */
export async function runEmbedded(dir: string, options: EmbeddedOptions): Promise<RunningAgent | undefined> {
  return await (await import("./embedded.ts")).runOverFolder(dir, options);
}
