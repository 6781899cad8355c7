import { virErrorDomain, virErrorLevel, virErrorNumber } from "../gen/constants.ts";

export type ErrorCode = keyof typeof virErrorNumber;
export type ErrorDomain = keyof typeof virErrorDomain;

/**
 * Who failed: the server refused or could not (`server`), there was no connection to be had (`connect`), it was lost
 * with the call in flight, which may or may not have been done (`disconnected`), the answer took too long (`timeout`,
 * likewise), somebody broke the rules of the wire (`protocol`), or this side closed the connection (`closed`).
 */
export type ErrorSource = "server" | "connect" | "disconnected" | "timeout" | "protocol" | "closed";

export interface ErrorFacts {
  readonly source: ErrorSource;
  readonly message: string;
  /** Libvirt's numbers. Problems of the connection have those that libvirt's own client gives. */
  readonly code: number;
  readonly domain: number;
  readonly level?: number;
  /** The procedure that was called, `REMOTE_PROC_DOMAIN_CREATE`. */
  readonly procedure?: string | undefined;
}

/** Everything that goes wrong between here and libvirt. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  readonly source: ErrorSource;
  readonly code: number;
  /** `VIR_ERR_NO_DOMAIN`; absent for a code that is newer than the description. */
  readonly codeName: ErrorCode | undefined;
  readonly domain: number;
  /** `VIR_FROM_QEMU`: the part of libvirt that says so. */
  readonly domainName: ErrorDomain | undefined;
  /** 1 a warning, 2 an error. */
  readonly level: number;
  readonly procedure: string | undefined;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.source = facts.source;
    this.code = facts.code;
    this.codeName = nameOf(virErrorNumber, facts.code);
    this.domain = facts.domain;
    this.domainName = nameOf(virErrorDomain, facts.domain);
    this.level = facts.level ?? virErrorLevel.VIR_ERR_ERROR;
    this.procedure = facts.procedure;
  }
}

/** True for an error with one of these codes, wherever it comes from. */
export function isLibvirtError(error: unknown, ...codes: readonly ErrorCode[]): error is LibvirtError {
  return error instanceof LibvirtError && (codes.length === 0 || codes.some((code) => virErrorNumber[code] === error.code));
}

/** A problem of the connection, not of what was asked. */
export function connectionError(
  source: Exclude<ErrorSource, "server">,
  message: string,
  options?: ErrorOptions & { procedure?: string },
): LibvirtError {
  const code = source === "timeout" ? virErrorNumber.VIR_ERR_OPERATION_TIMEOUT : CODES[source];
  return new LibvirtError({ source, message, code, domain: virErrorDomain.VIR_FROM_RPC, procedure: options?.procedure }, options);
}

const CODES = {
  connect: virErrorNumber.VIR_ERR_NO_CONNECT,
  disconnected: virErrorNumber.VIR_ERR_RPC,
  protocol: virErrorNumber.VIR_ERR_RPC,
  closed: virErrorNumber.VIR_ERR_INVALID_CONN,
} as const;

function nameOf<T extends Readonly<Record<string, number>>>(names: T, value: number): keyof T | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
