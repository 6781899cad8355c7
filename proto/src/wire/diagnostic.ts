import { isDiagnosticCode } from "@ghost/schemas";
import type { Diagnostic } from "@ghost/schemas";
import type { Diagnostic as DiagnosticMessage } from "../../gen/ghost/host/v1/host.ts";

/** An index in a path travels as `[3]`, so that it comes back as a number and the key "3" as a text. */
const INDEX = /^\[(0|[1-9][0-9]{0,8})\]$/;

/** Where a person wrote something stays behind: an agent has seen no file. */
export function diagnosticToWire(diagnostic: Diagnostic): DiagnosticMessage {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    detail: diagnostic.detail,
    hint: diagnostic.hint ?? "",
    path: (diagnostic.path ?? []).map((part) => (typeof part === "number" ? `[${part}]` : part)),
  };
}

/** A code of a newer agent becomes AGENT_VERSION, with the code in the text. */
export function diagnosticFromWire(message: DiagnosticMessage): Diagnostic {
  return {
    ...knownCode(message.code, message.detail),
    severity: message.severity === "warning" ? "warning" : "error",
    ...(message.hint !== "" && { hint: message.hint }),
    ...(message.path.length > 0 && { path: message.path.map(pathPart) }),
  };
}

/** The code and text to show for what another version reported. */
export function knownCode(code: string, detail: string): Pick<Diagnostic, "code" | "detail"> {
  if (isDiagnosticCode(code)) return { code, detail };
  return {
    code: "AGENT_VERSION",
    detail: `${detail} (The agent calls this ${code || "nothing"}, which this version of Ghost does not know.)`,
  };
}

function pathPart(part: string): string | number {
  const index = INDEX.exec(part)?.[1];
  return index === undefined ? part : Number(index);
}
