/* What to do next where the engine's words are those of a spec. */
import type { Diagnostic, Impact } from "@ghost/schemas";

export const TAKE_OVER = "Take it over with adopt = true, or leave it as it is: what is not changed needs no owner.";
export const LET_GO =
  "Take the resource out of the state and leave the VM alone: terraform state rm, or a removed block with destroy = false.";

/** What to do about a VM of somebody else is another thing here than in a spec. */
export function withOwnHint(diagnostic: Diagnostic, hint: string): Diagnostic {
  return diagnostic.code === "OWNED_BY_OTHER" ? { ...diagnostic, hint } : diagnostic;
}

/** An old object that a replacement left has no configuration, and a provider is not told that it is one. */
export function withWayOut(diagnostic: Diagnostic, agent: string, name: string): Diagnostic {
  if (diagnostic.code !== "VM_PROTECTED") return diagnostic;
  const wayOut = `Where Terraform calls it deposed, a replacement left it and it takes no configuration: take the resource out of the state with \`terraform state rm\` and import the new VM again; import this one ("${agent}/${name}") as another resource with protect = false, apply, and remove that.`;
  return { ...diagnostic, detail: `${diagnostic.detail}\n\n${wayOut}` };
}

/** How the provider's limit of impacts is set. */
export function setMaxImpact(impact: Impact): string {
  return `max_impact = "${impact}" in the provider's block`;
}

/** What to do where a host is in the provider's block under another name than a VM's state has. */
export function keepElsewhere(agent: string, name: string): string {
  return `When the same host only got another name in the provider's block, take the resource out of the state and import the VM from there: it runs on and keeps its disks.

terraform state rm ghost_vm.NAME

import {
  to = ghost_vm.NAME
  id = "${agent}/${name}"
}`;
}
