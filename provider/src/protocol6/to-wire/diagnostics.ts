import { Diagnostic_Severity } from "../../../gen/tfplugin6.ts";
import type { Diagnostic as WireDiagnostic } from "../../../gen/tfplugin6.ts";
import type { Diagnostic } from "../provider.ts";
import type { AttributeSchemas } from "../schema.ts";
import { toWirePath } from "./path.ts";

/** Paths are those of an object with these attributes. */
export function toWireDiagnostics(diagnostics: readonly Diagnostic[] | undefined, attributes: AttributeSchemas): WireDiagnostic[] {
  return (diagnostics ?? []).map(({ severity, summary, detail, path }) => {
    const attribute = path === undefined ? undefined : toWirePath(attributes, path);
    return {
      severity: severity === "error" ? Diagnostic_Severity.ERROR : Diagnostic_Severity.WARNING,
      summary,
      detail,
      ...(attribute !== undefined && attribute.steps.length > 0 ? { attribute } : {}),
    };
  });
}
