/** The gRPC status a diagnostic travels as. */
export type GrpcCode =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "ABORTED"
  | "CANCELLED"
  | "DEADLINE_EXCEEDED"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "INTERNAL";

interface CodeFacts {
  /** The same few words every time, no names or values, so people learn to recognise it. */
  readonly summary: string;
  readonly grpc: GrpcCode;
}

/** Every problem Ghost can report. Codes are public: never reuse one, retire it. Each has an entry in docs/errors.md. */
export const codes = {
  SPEC_NOT_FOUND: { summary: "No spec found", grpc: "NOT_FOUND" },
  SPEC_UNREADABLE: { summary: "Spec cannot be read", grpc: "INVALID_ARGUMENT" },
  SPEC_TOO_LARGE: { summary: "Spec too large", grpc: "INVALID_ARGUMENT" },
  SPEC_SYNTAX: { summary: "YAML syntax error", grpc: "INVALID_ARGUMENT" },
  SPEC_DUPLICATE_KEY: { summary: "Duplicate key", grpc: "INVALID_ARGUMENT" },
  SPEC_UNKNOWN_KEY: { summary: "Unknown key", grpc: "INVALID_ARGUMENT" },
  SPEC_MISSING_KEY: { summary: "Missing key", grpc: "INVALID_ARGUMENT" },
  SPEC_WRONG_TYPE: { summary: "Wrong type", grpc: "INVALID_ARGUMENT" },
  SPEC_OUT_OF_RANGE: { summary: "Value out of range", grpc: "INVALID_ARGUMENT" },
  SPEC_BAD_VALUE: { summary: "Value not allowed", grpc: "INVALID_ARGUMENT" },
  SPEC_BAD_NAME: { summary: "Name not allowed", grpc: "INVALID_ARGUMENT" },
  SPEC_VERSION: { summary: "Spec version not supported", grpc: "INVALID_ARGUMENT" },
  SPEC_UNKNOWN_REFERENCE: { summary: "Unknown reference", grpc: "INVALID_ARGUMENT" },
  SPEC_CYCLE: { summary: "Dependency cycle", grpc: "INVALID_ARGUMENT" },
  SPEC_NAME_COLLISION: { summary: "Two VMs of one name", grpc: "INVALID_ARGUMENT" },
  SPEC_CONFLICT: { summary: "Values contradict each other", grpc: "INVALID_ARGUMENT" },
  SPEC_LITERAL_SECRET: { summary: "Secret written in the spec", grpc: "INVALID_ARGUMENT" },
  SECRET_NOT_FOUND: { summary: "Secret not found", grpc: "INVALID_ARGUMENT" },
  VARIABLE_UNDEFINED: { summary: "Undefined variable", grpc: "INVALID_ARGUMENT" },
  VARIABLE_UNUSED: { summary: "Unused variable", grpc: "INVALID_ARGUMENT" },
  VARIABLE_BAD_VALUE: { summary: "Variable has a wrong value", grpc: "INVALID_ARGUMENT" },
  EXPRESSION_SYNTAX: { summary: "Bad ${…} expression", grpc: "INVALID_ARGUMENT" },
  AGENT_UNREACHABLE: { summary: "Agent not reachable", grpc: "UNAVAILABLE" },
  AGENT_TIMEOUT: { summary: "Agent answers too late", grpc: "DEADLINE_EXCEEDED" },
  AGENT_PROTOCOL: { summary: "Not a Ghost agent", grpc: "UNAVAILABLE" },
  AGENT_VERSION: { summary: "Agent of another version", grpc: "FAILED_PRECONDITION" },
  AGENT_DUPLICATE: { summary: "Two entries reach one agent", grpc: "INVALID_ARGUMENT" },
  AGENT_REPLACED: { summary: "A different agent answers", grpc: "FAILED_PRECONDITION" },
  AGENT_MISSING: { summary: "Agent left the spec", grpc: "FAILED_PRECONDITION" },
  AGENT_CHANGED: { summary: "VM moved to another agent", grpc: "FAILED_PRECONDITION" },
  AGENT_CONFIG: { summary: "Agent configuration refused", grpc: "INVALID_ARGUMENT" },
  AGENT_START: { summary: "Agent cannot start", grpc: "UNAVAILABLE" },
  AGENT_DATABASE: { summary: "Agent database refused", grpc: "FAILED_PRECONDITION" },
  AGENT_BUSY: { summary: "Agent is busy", grpc: "FAILED_PRECONDITION" },
  AGENT_STOPPING: { summary: "Agent is stopping", grpc: "UNAVAILABLE" },
  REPLICAS_CHANGED: { summary: "Replicas added or removed on an existing VM", grpc: "FAILED_PRECONDITION" },
  OWNED_BY_OTHER: { summary: "Object belongs to someone else", grpc: "FAILED_PRECONDITION" },
  VM_PROTECTED: { summary: "VM is protected", grpc: "FAILED_PRECONDITION" },
  IMPACT_EXCEEDED: { summary: "Impact above the ceiling", grpc: "FAILED_PRECONDITION" },
  DESTROY_EXCEEDED: { summary: "More deletions than allowed", grpc: "FAILED_PRECONDITION" },
  PLAN_STALE: { summary: "Live state moved since the plan", grpc: "FAILED_PRECONDITION" },
  PLAN_EXPIRED: { summary: "Plan expired", grpc: "FAILED_PRECONDITION" },
  PLAN_MISMATCH: { summary: "Step is not part of the plan", grpc: "FAILED_PRECONDITION" },
  PLAN_UNREADABLE: { summary: "Plan file cannot be read", grpc: "INVALID_ARGUMENT" },
  PLAN_SPEC_CHANGED: { summary: "Spec changed since the plan", grpc: "FAILED_PRECONDITION" },
  HOST_OUT_OF_VCPU: { summary: "Not enough processors on host", grpc: "RESOURCE_EXHAUSTED" },
  HOST_OUT_OF_MEMORY: { summary: "Not enough memory on host", grpc: "RESOURCE_EXHAUSTED" },
  HOST_OUT_OF_DISK: { summary: "Not enough disk on host", grpc: "RESOURCE_EXHAUSTED" },
  HOST_NOT_SCHEDULABLE: { summary: "Host takes no new VMs", grpc: "FAILED_PRECONDITION" },
  HOST_ERROR: { summary: "Hypervisor error", grpc: "INTERNAL" },
  CHANGE_IGNORED: { summary: "Change ignored on an existing VM", grpc: "FAILED_PRECONDITION" },
  IMAGE_NEWER: { summary: "Newer image available", grpc: "FAILED_PRECONDITION" },
  IMAGE_UNKNOWN: { summary: "Unknown image", grpc: "INVALID_ARGUMENT" },
  NETWORK_UNKNOWN: { summary: "Unknown network", grpc: "INVALID_ARGUMENT" },
  IMAGE_MISSING: { summary: "Image not available", grpc: "FAILED_PRECONDITION" },
  VM_NOT_FOUND: { summary: "VM not found", grpc: "NOT_FOUND" },
  VM_EXISTS: { summary: "VM exists", grpc: "ALREADY_EXISTS" },
  VM_POWER_STATE: { summary: "VM is in the wrong power state", grpc: "FAILED_PRECONDITION" },
  VM_INVALID: { summary: "VM definition refused", grpc: "INVALID_ARGUMENT" },
  TEMPLATE_NOT_FOUND: { summary: "Template not found", grpc: "NOT_FOUND" },
  TEMPLATE_EXISTS: { summary: "Template exists", grpc: "ALREADY_EXISTS" },
  TEMPLATE_INVALID: { summary: "Template definition refused", grpc: "INVALID_ARGUMENT" },
  SNAPSHOT_NOT_FOUND: { summary: "Snapshot not found", grpc: "NOT_FOUND" },
  SNAPSHOT_EXISTS: { summary: "Snapshot exists", grpc: "ALREADY_EXISTS" },
  MAC_TAKEN: { summary: "MAC address belongs to another machine", grpc: "ALREADY_EXISTS" },
  WAIT_TIMEOUT: { summary: "VM did not become ready", grpc: "DEADLINE_EXCEEDED" },
  SET_CONFLICT: { summary: "Stack record changed meanwhile", grpc: "ABORTED" },
  OPERATION_NOT_FOUND: { summary: "Operation not found", grpc: "NOT_FOUND" },
  OPERATION_INTERRUPTED: { summary: "Operation interrupted", grpc: "ABORTED" },
  OPERATION_CANCELLED: { summary: "Operation cancelled", grpc: "CANCELLED" },
  SERVICE_NOT_FOUND: { summary: "Unknown gRPC service", grpc: "NOT_FOUND" },
  DEPENDENCY_FAILED: { summary: "Skipped after a failed dependency", grpc: "ABORTED" },
  PERMISSION: { summary: "Not permitted", grpc: "PERMISSION_DENIED" },
  UNSUPPORTED: { summary: "Not supported by this host", grpc: "UNIMPLEMENTED" },
  CONFIRMATION_NEEDED: { summary: "Confirmation needed", grpc: "FAILED_PRECONDITION" },
  PROVIDER_MISSING: { summary: "Provider not in this installation", grpc: "NOT_FOUND" },
  PROGRAM_MISSING: { summary: "Program not installed", grpc: "NOT_FOUND" },
  FILE_NOT_WRITABLE: { summary: "File cannot be written", grpc: "FAILED_PRECONDITION" },
  USAGE: { summary: "Wrong command line", grpc: "INVALID_ARGUMENT" },
  INTERNAL: { summary: "Bug in Ghost", grpc: "INTERNAL" },
} as const satisfies Record<string, CodeFacts>;

export type DiagnosticCode = keyof typeof codes;

export function isDiagnosticCode(value: string): value is DiagnosticCode {
  return Object.hasOwn(codes, value);
}

/** Where a person wrote something. Lines and columns count from 1; columns count UTF-16 units. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  /** Whole sentences with the names and values: what is wrong, then why it matters. */
  readonly detail: string;
  /** The next thing to do, as a command or an edit. */
  readonly hint?: string;
  /** Attribute path, `["vms", "web-1", "ram_gb"]`; becomes Terraform's AttributePath. */
  readonly path?: readonly (string | number)[];
  /** Where the person wrote it; the CLI prints that line with a caret. */
  readonly at?: SourceLocation;
  /** The text of that line, so that no view needs the file again. */
  readonly sourceLine?: string;
  /** Name of the agent that this is about. */
  readonly agent?: string;
}

export type Diagnostics = readonly [Diagnostic, ...Diagnostic[]];

/** The one error class: effects throw it, edges translate it. */
export class GhostError extends Error {
  override readonly name = "GhostError";
  readonly diagnostics: Diagnostics;

  constructor(diagnostics: Diagnostics, options?: ErrorOptions) {
    super(diagnostics.map((d) => `[${d.code}] ${d.detail}`).join("\n"), options);
    this.diagnostics = diagnostics;
  }

  /** Wraps whatever was caught; a `GhostError` passes through untouched. */
  static from(reason: unknown): GhostError {
    if (reason instanceof GhostError) return reason;
    const detail = reason instanceof Error ? reason.message : String(reason);
    return new GhostError([{ code: "INTERNAL", severity: "error", detail }], { cause: reason });
  }
}

/** Shorthand for the one-diagnostic case: `throw problem("VM_NOT_FOUND", "…", { hint: "…" })`. */
export function problem(
  code: DiagnosticCode,
  detail: string,
  more: Omit<Diagnostic, "code" | "severity" | "detail"> = {},
  options?: ErrorOptions,
): GhostError {
  return new GhostError([{ code, severity: "error", detail, ...more }], options);
}
