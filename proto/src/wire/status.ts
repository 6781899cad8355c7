/*
 * Problems as gRPC statuses. The status message is for any client; Ghost's own read the diagnostics, which travel
 * as JSON in one binary metadata entry. The entry is bounded: gRPC implementations refuse headers above 8 KiB.
 */
import { codes, GhostError } from "@ghost/schemas";
import type { Diagnostic, Diagnostics, GrpcCode } from "@ghost/schemas";
import { knownCode } from "./diagnostic.ts";

export const DIAGNOSTICS_KEY = "ghost-diagnostics-bin";

/** Numbers of gRPC's status codes. */
export const GRPC_STATUS: Readonly<Record<GrpcCode, number>> = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

export interface WireStatus {
  readonly code: number;
  readonly details: string;
  /** Binary metadata. */
  readonly metadata: { readonly [DIAGNOSTICS_KEY]: Uint8Array };
}

/** Anything that was thrown, as a status. The first error's code decides; no stack trace travels. */
export function toStatus(error: unknown): WireStatus {
  const { diagnostics } = isAbort(error)
    ? new GhostError([{ code: "OPERATION_CANCELLED", severity: "error", detail: "The call was cancelled." }])
    : GhostError.from(error);
  const first = diagnostics.find(({ severity }) => severity === "error") ?? diagnostics[0];
  return {
    code: GRPC_STATUS[codes[first.code].grpc],
    details: cut(diagnostics.map(({ detail }) => detail).join("\n"), DETAILS_MAX_CHARS),
    metadata: { [DIAGNOSTICS_KEY]: encodeDiagnostics(diagnostics) },
  };
}

/** The diagnostics of a metadata entry; undefined when it is not one of ours. */
export function decodeDiagnostics(bytes: Uint8Array): Diagnostics | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!Array.isArray(parsed)) return undefined;
    const diagnostics = parsed.filter(isDiagnosticLike).map(toDiagnostic);
    return diagnostics.length > 0 ? (diagnostics as unknown as Diagnostics) : undefined;
  } catch {
    return undefined;
  }
}

const DETAILS_MAX_CHARS = 1000;
const ENTRY_MAX_BYTES = 3000;
const TEXT_MAX_CHARS = 800;
/** Fits even where every character is escaped. */
const SHORT_MAX_CHARS = 400;

type WireDiagnostic = Pick<Diagnostic, "severity" | "detail" | "hint" | "path"> & { readonly code: string };

/** As many diagnostics as fit, at least the first, and the number of the others. */
function encodeDiagnostics(diagnostics: Diagnostics): Uint8Array {
  const kept: string[] = [];
  let sizeBytes = 2;
  for (const diagnostic of diagnostics) {
    const text = JSON.stringify(shorten(diagnostic));
    sizeBytes += Buffer.byteLength(text) + 1;
    if (sizeBytes > ENTRY_MAX_BYTES) break;
    kept.push(text);
  }
  if (kept.length === 0) {
    const { code, severity, detail } = diagnostics[0];
    kept.push(JSON.stringify({ code, severity, detail: cut(detail, SHORT_MAX_CHARS) }));
  }
  const left = diagnostics[kept.length];
  if (left !== undefined) {
    kept.push(
      JSON.stringify({
        code: left.code,
        severity: left.severity,
        detail: `${diagnostics.length - kept.length} further problems are not shown.`,
      }),
    );
  }
  return Buffer.from(`[${kept.join(",")}]`);
}

function shorten({ code, severity, detail, hint, path }: Diagnostic): WireDiagnostic {
  return {
    code,
    severity,
    detail: cut(detail, TEXT_MAX_CHARS),
    ...(hint !== undefined && { hint: cut(hint, TEXT_MAX_CHARS) }),
    ...(path !== undefined && { path }),
  };
}

function cut(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

function isDiagnosticLike(value: unknown): value is WireDiagnostic {
  if (typeof value !== "object" || value === null) return false;
  const { code, severity, detail, hint, path } = value as Record<string, unknown>;
  return (
    typeof code === "string" &&
    (severity === "error" || severity === "warning") &&
    typeof detail === "string" &&
    (hint === undefined || typeof hint === "string") &&
    (path === undefined || (Array.isArray(path) && path.every((part) => typeof part === "string" || typeof part === "number")))
  );
}

function toDiagnostic({ code, severity, detail, hint, path }: WireDiagnostic): Diagnostic {
  return {
    ...knownCode(code, detail),
    severity,
    ...(hint !== undefined && { hint }),
    ...(path !== undefined && { path }),
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
