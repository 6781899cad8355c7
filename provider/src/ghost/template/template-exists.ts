import type { Diagnostic, ObservedTemplate } from "@ghost/schemas";

/** A template of that name is there and not in Terraform's state: nothing is taken over by mistake. */
export function templateExists(agent: string, { name, owner, appliedAt, createdAt }: ObservedTemplate, planner: string): Diagnostic {
  const since = appliedAt ?? createdAt;
  const when = since === undefined ? "" : ` since ${since.toISOString().slice(0, 10)}`;
  const isOwn = owner === planner;
  return {
    code: isOwn ? "TEMPLATE_EXISTS" : "OWNED_BY_OTHER",
    severity: "error",
    detail: `Template "${name}" on agent "${agent}" ${owner === "" ? "belongs to nobody" : `belongs to ${owner}`}${when}; it is not changed.${isOwn ? " It is not in Terraform's state." : ""}`,
    hint: `Take it into the state with an import block, or take it over with adopt = true; or choose another name.

import {
  to = ghost_template.NAME
  id = "${agent}/${name}"
}`,
    path: ["name"],
    agent,
  };
}
