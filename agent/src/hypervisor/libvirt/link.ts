/** The driver's connections to libvirt, and its errors in our words. */
import { connect, isLibvirtError, keepConnected, LibvirtError } from "@ghost/libvirt";
import type { Connection, ConnectionState, LastingConnection } from "@ghost/libvirt";
import { GhostError, problem } from "@ghost/schemas";
import type { Diagnostic } from "@ghost/schemas";

/**
 * A libvirtd that hangs is given up after this, by a question and by an attempt to connect: before a plan, which waits 10 s
 * for its agent, gives up the agent.
 */
const ANSWER_TIMEOUT_MS = 8_000;
/** A silent libvirtd is left within about the same time; its machines are none the worse for it. */
const KEEP_ALIVE_COUNT = 3;
const LONGEST_PAUSE_MS = 2_000;

export interface Link extends AsyncDisposable {
  /** For questions and quick calls: each is answered or given up within 8 s. */
  readonly ask: LastingConnection;
  /** For what may take long. */
  readonly work: LastingConnection;
  /** For what libvirt has to ask machines (probe.ts). */
  readonly probe: LastingConnection;
  /** Opens one more, which is its opener's own: for a console. */
  readonly connect: () => Promise<Connection>;
}

/** The connections come and go with libvirt; it need not be there yet. `onState` tells of `ask`. */
export function openLink(options: {
  readonly uri: string;
  readonly socketPath?: string;
  /** Default 8,000. */
  readonly answerTimeoutMs?: number;
  readonly onState: (state: ConnectionState) => void;
}): Link {
  const { onState, answerTimeoutMs = ANSWER_TIMEOUT_MS, ...place } = options;
  const keepAlive = { intervalMs: answerTimeoutMs / (KEEP_ALIVE_COUNT + 1), count: KEEP_ALIVE_COUNT };
  const common = { ...place, connectTimeoutMs: answerTimeoutMs, keepAlive, longestPauseMs: LONGEST_PAUSE_MS };
  const ask = keepConnected({ ...common, callTimeoutMs: answerTimeoutMs, onState });
  const work = keepConnected(common);
  const probe = keepConnected(common);
  return {
    ask,
    work,
    probe,
    // Nothing is heard over it while the machine does not take what was typed, and that is no sign of a libvirtd that hangs.
    connect: async () =>
      await connect({ ...place, connectTimeoutMs: ANSWER_TIMEOUT_MS, callTimeoutMs: ANSWER_TIMEOUT_MS, keepAlive: false }),
    async [Symbol.asyncDispose]() {
      await Promise.all([ask, work, probe].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

/** What libvirt said, as a problem of this host. `subject` is who it is about, in words for people: `VM "web"`. */
export function hostProblem(reason: unknown, subject: string): GhostError {
  if (reason instanceof GhostError) return reason;
  const message = reason instanceof Error ? reason.message : String(reason);
  const { detail = message, hint } = reason instanceof LibvirtError ? said(reason) : {};
  return problem("HOST_ERROR", `${subject}: ${withStop(detail)}`, { ...(hint !== undefined && { hint }) }, { cause: reason });
}

/** Runs calls of libvirt. What libvirt or the system says of them becomes a problem of this host; anything else stays what it is. */
export async function told<T>(subject: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (reason) {
    if (reason instanceof LibvirtError || isSystemError(reason)) throw hostProblem(reason, subject);
    throw reason;
  }
}

function said(error: LibvirtError): Partial<Pick<Diagnostic, "detail" | "hint">> {
  switch (error.source) {
    case "connect":
      return {
        hint:
          isSystemError(error.cause) && error.cause.code === "ENOENT" ? INSTALL_HINT : "`ghost agent doctor` looks at all that is needed.",
      };
    case "timeout":
      return {
        detail: `libvirt does not answer. ${error.message}`,
        hint: "Look at it with `systemctl status libvirtd` and `virsh list`; restarting libvirtd leaves the machines running.",
      };
    case "disconnected":
      return {
        detail: `the connection to libvirt was lost before it answered, and what it was asked to do may have been done. ${error.message}`,
        hint: "Run it again: it goes on from what there is. `systemctl status libvirtd` says why libvirt went away.",
      };
    case "closed":
      return { detail: "the agent is stopping." };
    case "protocol":
    case "server":
      return saidByServer(error);
  }
}

const INSTALL_HINT =
  "On Debian and Ubuntu: `sudo apt install libvirt-daemon-system qemu-system-x86`, then `sudo systemctl enable --now libvirtd`.";

function saidByServer(error: LibvirtError): Partial<Pick<Diagnostic, "detail" | "hint">> {
  if (isLibvirtError(error, "VIR_ERR_NO_DOMAIN")) return { detail: "the host does not have this machine any more." };
  if (isLibvirtError(error, "VIR_ERR_AUTH_FAILED", "VIR_ERR_ACCESS_DENIED", "VIR_ERR_OPERATION_DENIED"))
    return { hint: "libvirt does not let the agent's user do this: let the agent run as root, or allow it by polkit." };
  if (isLibvirtError(error, "VIR_ERR_NO_NETWORK"))
    return { hint: "`virsh net-list --all` tells the host's networks; one that is not active is started by `virsh net-start NAME`." };
  if (isLibvirtError(error, "VIR_ERR_OPERATION_TIMEOUT"))
    return { hint: "Something else is being done to this machine (a snapshot, a save, a migration); try again when it is over." };
  if (isLibvirtError(error, "VIR_ERR_AGENT_UNRESPONSIVE", "VIR_ERR_AGENT_UNSYNCED"))
    return { hint: "The guest's agent (package qemu-guest-agent) does not run or does not answer inside this machine." };
  return {};
}

function withStop(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function isSystemError(reason: unknown): reason is NodeJS.ErrnoException {
  return reason instanceof Error && "syscall" in reason && "code" in reason;
}
