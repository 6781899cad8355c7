/** Looks at this machine, for `findings.ts` to judge. Changes nothing, starts nothing, and waits for nobody for long. */
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { access, open, statfs } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { userInfo } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Connection } from "@ghost/libvirt";
import {
  capabilities,
  connect,
  domainCapabilities,
  findNetworkByName,
  hypervisorType,
  hypervisorVersion,
  isLibvirtError,
  isNetworkActive,
  libvirtVersion,
  networkXml,
  socketPaths,
} from "@ghost/libvirt";
import { parseAddress } from "@ghost/proto";
import { GhostError } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import { loadAgentConfig } from "../config/load.ts";
import { domainTypeOf } from "../hypervisor/libvirt/domain-xml/accel.ts";
import { readXml } from "../hypervisor/libvirt/domain-xml/read-xml.ts";
import { findChild } from "../hypervisor/libvirt/domain-xml/xml.ts";
import type { BoundHost } from "../store/store.ts";
import type { AgentFacts, ConfigFacts, DoctorFacts, FolderFacts, LibvirtFacts, NetworkFacts, QemuAccess, UserFacts } from "./facts.ts";

const LIBVIRT_TIMEOUT_MS = 10_000;
/** Debian's and Ubuntu's; Fedora's. */
const QEMU_USERS: ReadonlySet<string> = new Set(["libvirt-qemu", "qemu"]);
const AGENT_TIMEOUT_MS = 2_000;

export interface DoctorOptions {
  /** agent.yaml; defaults alone without it. */
  readonly configPath: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function gatherFacts({ configPath, env }: DoctorOptions): Promise<DoctorFacts> {
  const config = await readConfig(configPath, env);
  const accel = await accelFacts();
  const read = config.config;
  const isReal = read !== undefined && read.hypervisor !== "simulated";
  return {
    nodeVersion: process.version,
    now: new Date(),
    osRelease: textOfFile("/etc/os-release"),
    arch: process.arch,
    user: userFacts(),
    accel,
    config,
    ...(isReal && { libvirt: await libvirtFacts(read, domainTypeOf("auto", accel), env) }),
    folders: read === undefined ? [] : await folderFacts(read, isReal),
    ...(read !== undefined && { agent: await agentFacts(read.grpc.address) }),
  };
}

async function readConfig(path: string | undefined, env: DoctorOptions["env"]): Promise<ConfigFacts> {
  const at = path === undefined ? {} : { path };
  try {
    const { config, warnings } = await loadAgentConfig(path, env);
    const bound = boundHost(config.dataDir);
    return { ...at, config, problems: warnings, ...(bound !== undefined && { bound }) };
  } catch (reason) {
    return { ...at, problems: GhostError.from(reason).diagnostics };
  }
}

/** As far as this user may read it. */
function boundHost(dataDir: string): BoundHost | undefined {
  const path = join(dataDir, "agent.db");
  if (!existsSync(path)) return undefined;
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const value = database.prepare("SELECT value FROM meta WHERE key = 'host'").get()?.["value"];
    return typeof value === "string" ? (JSON.parse(value) as BoundHost) : undefined;
  } catch {
    return undefined;
  }
}

async function accelFacts(): Promise<DoctorFacts["accel"]> {
  const device = await openKvm();
  const qemu = qemuAccess();
  return {
    kvmOpens: device === "opens",
    device,
    cpuInfo: textOfFile("/proc/cpuinfo"),
    hasModule: existsSync("/sys/module/kvm_intel") || existsSync("/sys/module/kvm_amd") || process.arch !== "x64",
    ...(qemu !== undefined && { qemu }),
  };
}

/** As libvirt looks at it: by the user's own group, the one that qemu.conf names, and those that the user is in. */
function qemuAccess(): QemuAccess | undefined {
  const device = statSync("/dev/kvm", { throwIfNoEntry: false });
  // Only root may read it; else it counts as what its distribution has made it.
  const conf = textOfFile("/etc/libvirt/qemu.conf");
  const named = (key: string): string | undefined => new RegExp(`^\\s*${key}\\s*=\\s*"\\+?([^"]+)"`, "m").exec(conf)?.[1];
  const users = textOfFile("/etc/passwd")
    .split("\n")
    .map((line) => line.split(":"));
  const wanted = named("user");
  const user = users.find(([name, , uid]) => (wanted === undefined ? QEMU_USERS.has(name ?? "") : name === wanted || uid === wanted));
  if (device === undefined || user === undefined) return undefined;
  const [name = "", , uid, gid] = user;
  const groups = groupFile();
  const group = named("group");
  const own = groups.filter((each) => each.gid === gid || each.members.includes(name) || each.name === group || each.gid === group);
  const bits =
    String(device.uid) === uid ? device.mode >> 6 : own.some((each) => each.gid === String(device.gid)) ? device.mode >> 3 : device.mode;
  return {
    user: name,
    mayOpen: uid === "0" || (bits & 0o6) === 0o6,
    owner: users.find((each) => each[2] === String(device.uid))?.[0] ?? String(device.uid),
    group: groups.find((each) => each.gid === String(device.gid))?.name ?? String(device.gid),
    mode: device.mode & 0o777,
  };
}

async function openKvm(): Promise<DoctorFacts["accel"]["device"]> {
  try {
    await (await open("/dev/kvm", "r+")).close();
    return "opens";
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    return code === "ENOENT" ? "absent" : code === "EACCES" || code === "EPERM" ? "denied" : "broken";
  }
}

function userFacts(): UserFacts {
  const { username } = userInfo();
  const uid = process.getuid?.();
  const groups = groupFile();
  const own = new Set(process.getgroups?.().map(String));
  return {
    name: username,
    isRoot: uid === 0,
    groups: groups.filter(({ gid }) => own.has(gid)).map(({ name }) => name),
    groupsOfNextLogin: groups.filter(({ gid, members }) => own.has(gid) || members.includes(username)).map(({ name }) => name),
  };
}

function groupFile(): readonly { readonly name: string; readonly gid: string; readonly members: readonly string[] }[] {
  return textOfFile("/etc/group")
    .split("\n")
    .flatMap((line) => {
      const [name, , gid, members = ""] = line.split(":");
      return name === undefined || gid === undefined ? [] : [{ name, gid, members: members.split(",") }];
    });
}

async function libvirtFacts(
  { libvirt: { uri, network } }: AgentConfig,
  virtType: string,
  env: DoctorOptions["env"],
): Promise<LibvirtFacts> {
  const groups = groupFile();
  let paths: readonly string[];
  try {
    paths = socketPaths(uri);
  } catch (reason) {
    return { uri, sockets: [], answer: { problem: messageOf(reason), why: "other" }, hasDnsmasq: false, forwardsIp: false };
  }
  const base = {
    uri,
    sockets: paths.map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      const group = groups.find(({ gid }) => gid === String(found?.gid))?.name;
      return { path, isThere: found !== undefined, ...(group !== undefined && { group }) };
    }),
    hasDnsmasq: isInstalled("dnsmasq", env),
    forwardsIp: textOfFile("/proc/sys/net/ipv4/ip_forward").trim() === "1",
  };
  try {
    await using connection = await connect({ uri, connectTimeoutMs: LIBVIRT_TIMEOUT_MS });
    return { ...base, ...(await ask(connection, virtType, network)) };
  } catch (reason) {
    return { ...base, answer: { problem: messageOf(reason), why: whyOf(reason) } };
  }
}

async function ask(
  connection: Connection,
  virtType: string,
  network: string,
): Promise<Pick<LibvirtFacts, "answer" | "capabilities" | "machine" | "network">> {
  const options = { timeoutMs: LIBVIRT_TIMEOUT_MS };
  const answer = {
    version: await libvirtVersion(connection, options),
    hypervisor: await hypervisorType(connection, options),
    hypervisorVersion: await hypervisorVersion(connection, options),
  };
  const kind = process.arch === "arm64" ? { arch: "aarch64", machine: "virt" } : { arch: "x86_64", machine: "q35" };
  const machine = await domainCapabilities(connection, { ...kind, virtType }, options).then(
    (xml) => ({ xml }),
    (reason: unknown) => ({ problem: messageOf(reason) }),
  );
  return {
    answer,
    capabilities: await capabilities(connection, options),
    machine,
    network: await networkFacts(connection, network),
  };
}

async function networkFacts(connection: Connection, name: string): Promise<NetworkFacts> {
  const options = { timeoutMs: LIBVIRT_TIMEOUT_MS };
  const network = await findNetworkByName(connection, name, options);
  if (network === undefined) return { name };
  const xml = readXml(await networkXml(connection, network, options));
  const bridge = findChild(xml, "bridge")?.attributes["name"] ?? "";
  const forward = findChild(xml, "forward");
  const { net } = await connection.call("REMOTE_PROC_NETWORK_LOOKUP_BY_NAME", { name }, options);
  const { autostart } = await connection.call("REMOTE_PROC_NETWORK_GET_AUTOSTART", { net }, options);
  return {
    name,
    found: {
      isActive: await isNetworkActive(connection, network, options),
      startsAtBoot: autostart !== 0,
      forward: forward === undefined ? "" : (forward.attributes["mode"] ?? "nat"),
      bridge,
      isBridgeThere: existsSync(`/sys/class/net/${bridge}`),
    },
  };
}

function whyOf(reason: unknown): Extract<LibvirtFacts["answer"], { problem: string }>["why"] {
  if (!isLibvirtError(reason)) return "other";
  if (reason.source === "timeout") return "silent";
  switch ((reason.cause as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOENT":
      return "absent";
    case "ECONNREFUSED":
      return "stopped";
    case "EACCES":
    case "EPERM":
      return "denied";
    case "EAGAIN":
      return "silent";
    default:
      return isLibvirtError(reason, "VIR_ERR_AUTH_FAILED", "VIR_ERR_AUTH_UNAVAILABLE", "VIR_ERR_AUTH_CANCELLED") ? "denied" : "other";
  }
}

async function folderFacts({ dataDir, libvirt: { imageCache } }: AgentConfig, isReal: boolean): Promise<readonly FolderFacts[]> {
  const isInside = resolve(imageCache).startsWith(`${resolve(dataDir)}/`);
  const folders = [["data_dir", dataDir] as const, ...(isReal && !isInside ? [["libvirt.image_cache", imageCache] as const] : [])];
  return await Promise.all(folders.map(async ([key, path]) => await folderFact(key, resolve(path))));
}

async function folderFact(key: string, path: string): Promise<FolderFacts> {
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const above: string[] = [];
  // The agent lets others through its own folder by itself.
  for (let at = dirname(path); dirname(at) !== at; at = dirname(at)) above.unshift(at);
  const barredAt = above.find((folder) => ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o001) & 0o001) === 0);
  return {
    key,
    path,
    isThere: there === path,
    freeBytes: bavail * bsize,
    isWritable: await access(there, constants.W_OK).then(
      () => true,
      () => false,
    ),
    ...(barredAt !== undefined && { barredAt }),
  };
}

async function agentFacts(address: string): Promise<AgentFacts> {
  const parsed = parseAddress(address);
  if (parsed === undefined) return { address, state: "free" };
  const socket =
    parsed.kind === "unix"
      ? connectSocket({ path: parsed.path })
      : connectSocket({ host: parsed.host === "0.0.0.0" || parsed.host === "" ? "127.0.0.1" : parsed.host, port: parsed.port });
  socket.setTimeout(AGENT_TIMEOUT_MS, () => socket.destroy());
  const state = await new Promise<AgentFacts["state"]>((done) => {
    socket.once("connect", () => done("answers"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => done(code === "EACCES" || code === "EPERM" ? "denied" : "free"));
    socket.once("close", () => done("free"));
  });
  socket.destroy();
  return { address, state };
}

function isInstalled(program: string, env: DoctorOptions["env"]): boolean {
  return [...(env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

function textOfFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
