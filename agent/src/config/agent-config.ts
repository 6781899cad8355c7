import type { Resources } from "@ghost/schemas";

/** Files of one TLS identity; paths are absolute. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** The other side must have a certificate of this authority. */
  readonly ca: string;
}

export interface HttpAddress {
  /** Empty: every address of the machine. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface LogConfig {
  readonly level: LogLevel;
  readonly stdout: boolean;
  /** Absent when nothing is written to a file. */
  readonly file?: { readonly path: string; readonly maxBytes: number; readonly maxAgeDays: number };
  readonly format: "json" | "text";
}

export interface CoreConfig {
  /** `host:port`. */
  readonly address: string;
  /** Absent: plain text. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  readonly heartbeatMs: number;
}

/** agent.yaml and the environment, checked, defaults filled in, every path absolute. */
export interface AgentConfig {
  readonly name: string;
  readonly hypervisor: "auto" | "simulated" | "libvirt";
  readonly dataDir: string;
  readonly defaultTemplate: string;
  readonly libvirt: {
    readonly uri: string;
    /** Absent: disks are in the data folder. */
    readonly storagePool?: string;
    readonly network: string;
    readonly imageCache: string;
    /** Addresses of folders that are asked for images before their vendors. */
    readonly mirrors: readonly string[];
  };
  /** What is set overrides what the simulated host has. */
  readonly simulated: Partial<Resources>;
  readonly reserved: Resources;
  readonly operations: { readonly maxRunning: number; readonly keepDays: number };
  /** `address` is `unix:/path` or `host:port`, as gRPC binds it. With `tls`, clients must have a certificate of its `ca`. */
  readonly grpc: { readonly address: string; readonly socketGroup?: string; readonly tls?: TlsFiles };
  /** Absent: no Ghost Core. */
  readonly core?: CoreConfig;
  readonly logging: LogConfig;
  /** Absent: not served. */
  readonly metrics?: HttpAddress;
  readonly health?: HttpAddress;
}

/** Metrics and health on one address are one server. */
export function isSameServer(a: HttpAddress, b: HttpAddress): boolean {
  return a.port !== 0 && a.port === b.port && a.host === b.host;
}
