/*
 * From what is written to what holds: defaults, absolute paths, and the rules between keys. A rule that is broken is
 * a complaint; all of them are told at once.
 */
import { accessSync, constants } from "node:fs";
import { homedir, hostname } from "node:os";
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import { isLoopbackHost, parseAddress } from "@ghost/proto";
import { agentConfig } from "@ghost/schemas";
import type { AgentConfigFile } from "@ghost/schemas";
import { isSameServer } from "./agent-config.ts";
import type { AgentConfig, CoreConfig, HttpAddress, LogConfig, TlsFiles } from "./agent-config.ts";
import { parseDuration } from "./duration.ts";
import type { Complaint } from "./explain.ts";
import type { Path } from "./source.ts";

export interface Resolution {
  /** Holds only when there is no error. */
  readonly config: AgentConfig;
  readonly errors: readonly Complaint[];
  readonly warnings: readonly Complaint[];
}

interface Surroundings {
  /** Folder of agent.yaml, where relative paths start. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Scope extends Surroundings {
  readonly file: AgentConfigFile;
  readonly dataDir: string;
  readonly error: (path: Path, detail: string, hint: string) => void;
  readonly warn: (path: Path, detail: string, hint: string) => void;
}

const defaults = agentConfig.attributes;
/** Longest path of a unix socket on Linux; macOS has 103. */
const SOCKET_PATH_MAX_BYTES = 107;

export function resolveConfig(file: AgentConfigFile, surroundings: Surroundings): Resolution {
  const errors: Complaint[] = [];
  const warnings: Complaint[] = [];
  const scope: Scope = {
    ...surroundings,
    file,
    dataDir: absolute(surroundings.folder, file.data_dir) ?? defaultDataDir(surroundings.env),
    error: (path, detail, hint) => errors.push({ path, detail, hint }),
    warn: (path, detail, hint) => warnings.push({ path, detail, hint }),
  };
  const core = resolveCore(scope);
  const metrics = resolveHttp(scope, "metrics");
  const health = resolveHttp(scope, "health");
  warnOfNoEffect(scope);
  const config: AgentConfig = {
    name: file.agent?.name ?? ownName(),
    hypervisor: file.hypervisor ?? defaults.hypervisor.default,
    dataDir: scope.dataDir,
    defaultTemplate: file.default_template ?? defaults.default_template.default,
    libvirt: {
      uri: file.libvirt?.uri || defaults.libvirt.attributes.uri.default,
      ...(file.libvirt?.storage_pool && { storagePool: file.libvirt.storage_pool }),
      network: file.libvirt?.network || defaults.libvirt.attributes.network.default,
      imageCache: absolute(scope.folder, file.libvirt?.image_cache) ?? join(scope.dataDir, "images"),
      mirrors: file.images?.mirrors ?? [],
    },
    simulated: file.simulated ?? {},
    reserved: {
      vcpu: file.resources?.reserved_cpu ?? defaults.resources.attributes.reserved_cpu.default,
      ram_gb: file.resources?.reserved_ram_gb ?? defaults.resources.attributes.reserved_ram_gb.default,
      disk_gb: file.resources?.reserved_disk_gb ?? defaults.resources.attributes.reserved_disk_gb.default,
    },
    operations: {
      maxRunning: file.operations?.max_running ?? defaults.operations.attributes.max_running.default,
      keepDays: file.operations?.keep_days ?? defaults.operations.attributes.keep_days.default,
    },
    grpc: resolveGrpc(scope),
    ...(core !== undefined && { core }),
    logging: resolveLogging(scope),
    ...(metrics !== undefined && { metrics }),
    ...(health !== undefined && { health }),
  };
  checkPaths(scope, metrics, health);
  return { config, errors, warnings };
}

function resolveGrpc(scope: Scope): AgentConfig["grpc"] {
  const { listen_addr: written, socket_group: group, tls_enabled: isEnabled = false, ...files } = scope.file.grpc ?? {};
  const listenAddress = written ?? `unix:${join(scope.dataDir, "agent.sock")}`;
  const address = parseAddress(listenAddress);
  const path = written === undefined ? ["data_dir"] : ["grpc", "listen_addr"];
  if (address === undefined) {
    scope.error(
      path,
      `"grpc.listen_addr" is ${JSON.stringify(listenAddress)}; a port is a number up to 65535.`,
      "Write host:port, like 127.0.0.1:9090.",
    );
    return { address: listenAddress };
  }
  if (group !== undefined && address.kind === "tcp")
    scope.warn(
      ["grpc", "socket_group"],
      `"grpc.socket_group" has no effect: grpc.listen_addr is no unix socket.`,
      "Listen on a unix socket, or remove the key.",
    );
  const socketGroup = group !== undefined && address.kind === "unix" ? { socketGroup: group } : {};
  if (isEnabled) return { address: bindAddress(scope, address), ...socketGroup, ...resolveTls(scope, files) };

  for (const key of ["tls_cert", "tls_key", "tls_ca"] as const) {
    if (files[key])
      scope.warn(
        ["grpc", key],
        `"grpc.${key}" has no effect: grpc.tls_enabled is false.`,
        "Set grpc.tls_enabled: true, or remove the key.",
      );
  }
  if (address.kind === "tcp" && !isLoopbackHost(address.host)) {
    scope.error(
      path,
      `"grpc.listen_addr" is ${listenAddress}, which other machines can reach, and grpc.tls_enabled is false: anyone there could command the VMs.`,
      "Set grpc.tls_enabled: true with tls_cert, tls_key and tls_ca; or listen on 127.0.0.1 or a unix socket.",
    );
  }
  return { address: bindAddress(scope, address, path), ...socketGroup };
}

function bindAddress(scope: Scope, address: NonNullable<ReturnType<typeof parseAddress>>, path: Path = ["grpc", "listen_addr"]): string {
  if (address.kind === "tcp")
    return address.host.includes(":")
      ? `[${address.host}]:${address.port}`
      : `${address.host === "" ? "0.0.0.0" : address.host}:${address.port}`;
  const socket = isAbsolute(address.path) ? address.path : resolvePath(scope.folder, address.path);
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX_BYTES) {
    scope.error(
      path,
      `The socket's path ${socket} has ${Buffer.byteLength(socket)} bytes; the system takes ${SOCKET_PATH_MAX_BYTES} at most.`,
      "Set grpc.listen_addr to a shorter path, like unix:/run/ghost/agent.sock.",
    );
  }
  return `unix:${socket}`;
}

function resolveTls(
  scope: Scope,
  files: { readonly tls_cert?: string; readonly tls_key?: string; readonly tls_ca?: string },
): { tls?: TlsFiles } {
  const found = (["tls_cert", "tls_key", "tls_ca"] as const).map((key) => {
    const file = absolute(scope.folder, files[key]);
    if (file === undefined)
      scope.error(
        ["grpc", "tls_enabled"],
        `"grpc.tls_enabled" is true and grpc.${key} is not set; TLS needs tls_cert, tls_key and tls_ca.`,
        `Set grpc.${key} to a PEM file.`,
      );
    else checkReadable(scope, ["grpc", key], file);
    return file;
  });
  const [cert, key, ca] = found;
  return cert === undefined || key === undefined || ca === undefined ? {} : { tls: { cert, key, ca } };
}

function resolveCore(scope: Scope): CoreConfig | undefined {
  const { api_url: url = "", heartbeat_interval: interval = defaults.agent.attributes.heartbeat_interval.default } = scope.file.agent ?? {};
  const heartbeatMs = parseDuration(interval) ?? 0;
  if (heartbeatMs < 1000 || heartbeatMs > 3_600_000) {
    scope.error(
      ["agent", "heartbeat_interval"],
      `"agent.heartbeat_interval" is ${interval}; it must be from 1s to 1h.`,
      "Remove it for the default, 30s.",
    );
  }
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/.exec(url) ?? [];
  if (rest === "") {
    warnOfCoreTls(scope, "agent.api_url is not set");
    return undefined;
  }
  const address = parseAddress(/:[0-9]+$/.test(rest) ? rest : `${rest}:${scheme === "https" ? 443 : 80}`);
  if (address?.kind !== "tcp" || address.host === "" || address.port === 0) {
    scope.error(
      ["agent", "api_url"],
      `"agent.api_url" is ${JSON.stringify(url)}; a port is a number from 1 to 65535.`,
      "Write https://host:port, http://host:port or host:port.",
    );
    return undefined;
  }
  const target = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  if (scheme === "https") return { address: target, tls: resolveCoreTls(scope), heartbeatMs };
  warnOfCoreTls(scope, "agent.api_url is not https");
  if (!isLoopbackHost(address.host)) {
    scope.warn(
      ["agent", "api_url"],
      `Reports to Ghost Core at ${target} travel in plain text: names, addresses and states of the VMs can be read on the way.`,
      `Write https://${target} if it speaks TLS; inside a VPN this may be as you want it.`,
    );
  }
  return { address: target, heartbeatMs };
}

function resolveCoreTls(scope: Scope): NonNullable<CoreConfig["tls"]> {
  const { tls_ca, tls_cert, tls_key, tls_server_name: serverName } = scope.file.core ?? {};
  const [ca, cert, key] = [absolute(scope.folder, tls_ca), absolute(scope.folder, tls_cert), absolute(scope.folder, tls_key)];
  for (const [name, file] of [
    ["tls_ca", ca],
    ["tls_cert", cert],
    ["tls_key", key],
  ] as const)
    if (file !== undefined) checkReadable(scope, ["core", name], file);
  if ((cert === undefined) !== (key === undefined)) {
    scope.error(
      ["core", cert === undefined ? "tls_key" : "tls_cert"],
      "core.tls_cert and core.tls_key belong together; one of them is not set.",
      "Set both, or neither.",
    );
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName && { serverName }),
  };
}

function warnOfCoreTls(scope: Scope, why: string): void {
  if (scope.file.core !== undefined && Object.keys(scope.file.core).length > 0)
    scope.warn(["core"], `"core" has no effect: ${why}.`, "Set agent.api_url to https://host:port, or remove the section.");
}

function resolveLogging(scope: Scope): LogConfig {
  const {
    level,
    output = defaults.logging.attributes.output.default,
    file,
    format,
    max_size: maxSize,
    max_age: maxAge,
  } = scope.file.logging ?? {};
  if (output === "stdout" && file)
    scope.warn(
      ["logging", "file"],
      `"logging.file" has no effect: logging.output is stdout.`,
      "Set logging.output: file or both, or remove the key.",
    );
  return {
    level: level ?? defaults.logging.attributes.level.default,
    stdout: output !== "file",
    ...(output !== "stdout" && {
      file: {
        path: absolute(scope.folder, file) ?? join(scope.dataDir, "agent.log"),
        maxBytes: (maxSize ?? defaults.logging.attributes.max_size.default) * 1_000_000,
        maxAgeDays: maxAge ?? defaults.logging.attributes.max_age.default,
      },
    }),
    format: format ?? defaults.logging.attributes.format.default,
  };
}

function resolveHttp(scope: Scope, section: "metrics" | "health"): HttpAddress | undefined {
  const fallback = defaults[section].attributes;
  const {
    enabled = fallback.enabled.default,
    listen_addr: listenAddress = fallback.listen_addr.default,
    path = fallback.path.default,
  } = scope.file[section] ?? {};
  if (!enabled) return undefined;
  const address = parseAddress(listenAddress);
  if (address?.kind !== "tcp") {
    scope.error(
      [section, "listen_addr"],
      `"${section}.listen_addr" is ${JSON.stringify(listenAddress)}; a port is a number up to 65535.`,
      `Remove it for the default, ${fallback.listen_addr.default}.`,
    );
    return undefined;
  }
  return { host: address.host, port: address.port, path };
}

/** Each path of one server answers one thing. */
function checkPaths(scope: Scope, metrics: HttpAddress | undefined, health: HttpAddress | undefined): void {
  const fixed = ["/ready", "/live"];
  if (health !== undefined && fixed.includes(health.path))
    scope.error(
      ["health", "path"],
      `"health.path" is ${health.path}, where something else answers.`,
      "Remove it for the default, /health.",
    );
  if (metrics === undefined || health === undefined || !isSameServer(metrics, health)) return;
  if ([health.path, ...fixed].includes(metrics.path)) {
    scope.error(
      ["metrics", "path"],
      `"metrics.path" is ${metrics.path}, where something else answers: metrics and health share one address.`,
      "Remove it for the default, /metrics.",
    );
  }
}

function warnOfNoEffect(scope: Scope): void {
  const { agent, hypervisor, libvirt, images, simulated } = scope.file;
  if (agent?.version !== undefined) {
    scope.warn(["agent", "version"], `"agent.version" has no effect: the agent reports the version it was built as.`, "Remove the key.");
  }
  if (hypervisor === "simulated" && libvirt !== undefined && Object.keys(libvirt).length > 0)
    scope.warn(["libvirt"], `"libvirt" has no effect: hypervisor is simulated.`, "Set hypervisor: libvirt, or remove the section.");
  if (hypervisor === "simulated" && images !== undefined && Object.keys(images).length > 0)
    scope.warn(["images"], `"images" has no effect: hypervisor is simulated.`, "Set hypervisor: libvirt, or remove the section.");
  if (hypervisor === "libvirt" && simulated !== undefined && Object.keys(simulated).length > 0)
    scope.warn(["simulated"], `"simulated" has no effect: hypervisor is libvirt.`, "Remove the section.");
}

/** Undefined for an unset or empty path. */
function absolute(folder: string, path: string | undefined): string | undefined {
  return path === undefined || path === "" ? undefined : resolvePath(folder, path);
}

function checkReadable(scope: Scope, path: Path, file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (reason) {
    const why = (reason as NodeJS.ErrnoException).code === "ENOENT" ? "is not there" : "cannot be read";
    scope.error(path, `"${path.join(".")}" is ${file}, which ${why}.`, "Correct the path, or the file's permissions.");
  }
}

function defaultDataDir(env: Surroundings["env"]): string {
  if (process.getuid?.() === 0) return "/var/lib/ghost";
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share"), "ghost");
}

function ownName(): string {
  return (
    hostname()
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .slice(0, 63)
      .replace(/^[._-]+|[._-]+$/g, "") || "host"
  );
}
