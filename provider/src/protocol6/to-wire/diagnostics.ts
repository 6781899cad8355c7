import { Diagnostic_Severity } from "../../../gen/tfplugin6.ts";
import type { AttributePath_Step, Diagnostic as WireDiagnostic } from "../../../gen/tfplugin6.ts";
import type { Diagnostic } from "../provider.ts";
import type { AttributeSchemas } from "../schema.ts";
import { toWirePath } from "./path.ts";
import { toPrintable } from "./text.ts";

/** Paths are those of an object with these attributes; what Terraform cannot find in a configuration is cut off their end. */
export function toWireDiagnostics(diagnostics: readonly Diagnostic[] | undefined, attributes: AttributeSchemas): WireDiagnostic[] {
  return (diagnostics ?? []).map(({ severity, summary, detail, path }) => {
    const steps = path === undefined ? [] : shown(toWirePath(attributes, path).steps);
    return {
      severity: severity === "error" ? Diagnostic_Severity.ERROR : Diagnostic_Severity.WARNING,
      summary: toPrintable(summary),
      detail: toPrintable(detail),
      ...(steps.length > 0 ? { attribute: { steps } } : {}),
    };
  });
}

/**
 * Terraform finds an attribute, and one key in it. For a longer path it points at the head of the whole block, as if
 * something was missing there (tfdiags/contextual.go of Terraform 1.11).
 */
function shown(steps: AttributePath_Step[]): AttributePath_Step[] {
  return steps.slice(0, steps[1]?.selector?.$case === "attribute_name" ? 1 : 2);
}
