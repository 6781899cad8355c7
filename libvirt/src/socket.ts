import { readFileSync, statSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { connectionError } from "./error.ts";
import type { LibvirtError } from "./error.ts";

/** The names a daemon's socket can have: that of libvirtd (or of virtproxyd in its place), then that of the driver's own daemon. */
export function socketPaths(uri: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): readonly string[] {
  const { scheme, isSession, named } = placesIn(uri);
  if (named !== undefined) return [named];
  const folder = isSession ? path.join(process.env["XDG_RUNTIME_DIR"] ?? `/run/user/${os.userInfo().uid}`, "libvirt") : "/run/libvirt";
  const ending = readOnly && !isSession ? "sock-ro" : "sock";
  return [`libvirt-${ending}`, ...(scheme === "qemu" ? [`virtqemud-${ending}`] : [])].map((name) => path.join(folder, name));
}

/** Connects to the first of the sockets that exists. The error says what is wrong and what to do. */
export async function connectSocket(paths: readonly string[], signal?: AbortSignal): Promise<net.Socket> {
  signal?.throwIfAborted();
  const file = paths.find((candidate) => isThere(candidate)) ?? paths[0];
  if (file === undefined) throw connectionError("connect", "There is no socket to connect to.");
  const socket = net.connect({ path: file });
  const onAbort = (): unknown => socket.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = (): void => reject(new Error("The connection was closed."));
  socket.once("connect", resolve).once("error", reject).once("close", onClose);
  try {
    await promise;
  } catch (cause) {
    signal?.throwIfAborted();
    throw explain(cause as NodeJS.ErrnoException, file, paths);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    socket.off("connect", resolve).off("error", reject).off("close", onClose);
  }
  return socket;
}

function placesIn(uri: string): { readonly scheme: string; readonly isSession: boolean; readonly named: string | undefined } {
  const url = URL.parse(uri);
  if (url === null) throw connectionError("connect", `"${uri}" is no URI of libvirt, such as qemu:///system.`);
  const scheme = url.protocol.replace(/:$/, "");
  const [driver = "", transport] = scheme.split("+");
  if (url.host !== "" || (transport !== undefined && transport !== "unix")) {
    throw connectionError("connect", `"${uri}" names another machine. Only the libvirt of this one can be reached, over its unix socket.`);
  }
  return { scheme: driver, isSession: url.pathname === "/session", named: url.searchParams.get("socket") ?? undefined };
}

function explain(cause: NodeJS.ErrnoException, file: string, paths: readonly string[]): LibvirtError {
  const say = (message: string): LibvirtError => connectionError("connect", message, { cause });
  switch (cause.code) {
    case "ENOENT":
      return say(
        `Libvirt is not there: no socket at ${paths.join(" or ")}. Install and start it (systemctl enable --now libvirtd), or name its socket.`,
      );
    case "ECONNREFUSED":
      if (!isSocket(file)) return say(`${file} is no socket.`);
      return say(`The socket ${file} is there, but no libvirt listens to it: it has stopped. Start it (systemctl start libvirtd).`);
    case "EACCES":
    case "EPERM":
      return say(`${userName()} may not use libvirt's socket ${file}. ${whoMay(file)}`);
    case "EAGAIN":
      return say(`Libvirt does not take connections at ${file}: too many wait already, or it hangs.`);
    default:
      return say(`Libvirt cannot be reached at ${file}: ${cause.message}`);
  }
}

/** Which group a person has to be in, as far as this process may see. */
function whoMay(file: string): string {
  try {
    const { gid, mode } = statSync(file);
    if ((mode & 0o020) === 0) return "Only its owner may: run this as root.";
    const group = groupName(gid);
    return `Its group is ${group}: add yourself (sudo usermod -aG ${group} ${userName()}) and log in again.`;
  } catch {
    return "The folder that it is in cannot be entered either.";
  }
}

function groupName(gid: number): string {
  try {
    const line = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((entry) => entry.split(":")[2] === String(gid));
    return line?.split(":")[0] ?? String(gid);
  } catch {
    return String(gid);
  }
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "this user");
  }
}

function isSocket(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isSocket() !== false;
}

function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    // Not allowed to look is no proof that it is missing.
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
}
