/* Ghost's diagnostics as Terraform's, and what belongs into a hint here and not in a spec. */
import type { Diagnostic as GhostDiagnostic, DiagnosticCode } from "@ghost/schemas";
import { codes } from "@ghost/schemas";
import type { Diagnostic, Path } from "../../protocol6/provider.ts";

/** What to do next where that is another thing in Terraform than in a spec. */
const HINTS: Partial<Record<DiagnosticCode, string>> = {
  VM_PROTECTED: "First apply it with protect = false and nothing else changed.",
  PLAN_STALE: "Plan again and look at what the new plan says.",
};

/** `path` is where in the configuration, when the diagnostic does not say. */
export function toTerraform(diagnostic: GhostDiagnostic, path?: Path): Diagnostic {
  const { code, severity, detail, agent } = diagnostic;
  const hint = HINTS[code] ?? diagnostic.hint;
  const own = pathInObject(diagnostic) ?? path;
  const where = agent === undefined || detail.includes(`"${agent}"`) ? "" : `\n\nAgent: ${agent}`;
  return {
    severity,
    summary: `${codes[code].summary} [${code}]`,
    detail: `${detail}${hint === undefined ? "" : `\n\n${hint}`}${where}`,
    ...(own !== undefined && own.length > 0 && { path: own }),
  };
}

/** `["vms", "web", "disks", …]` without the words of a spec; undefined for what names no attribute of one object. */
function pathInObject({ path }: GhostDiagnostic): Path | undefined {
  if (path === undefined) return undefined;
  if (path[0] === "vms" || path[0] === "templates") return path.length > 2 ? path.slice(2) : undefined;
  // A whole step is named by one element with slashes.
  return path.length === 1 && String(path[0]).includes("/") ? undefined : path;
}

/** True when one of them is an error. */
export function hasError(diagnostics: readonly { readonly severity: "error" | "warning" }[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/** What cannot be asked stays as it is, with a warning: silence is not absence. `what` is `VM "web"`. */
export function notRead(agent: string, what: string, why: string): Diagnostic {
  return {
    severity: "warning",
    // The same for all of an agent's: Terraform shows one, and how many there are more.
    summary: `Not read from agent "${agent}"`,
    detail: `${what} is not read, and its state stays as it was. ${why}`,
    path: ["agent"],
  };
}

/** Of an agent whose answer lacks the object that it has changed. */
export function notTold(agent: string, what: "VM" | "template"): GhostDiagnostic {
  return {
    code: "AGENT_PROTOCOL",
    severity: "error",
    detail: `Agent "${agent}" carried out the step and does not tell what became of the ${what}.`,
    hint: `Bring agent "${agent}" to this version of Ghost; then plan again.`,
    agent,
  };
}
