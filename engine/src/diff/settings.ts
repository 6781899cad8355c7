import type { AgentSettings, Change, Json } from "@ghost/schemas";
import { isEmpty, sameValue } from "./same.ts";

/**
 * What makes an agent's settings as desired. A setting that the spec does not have is left as it is; labels that it
 * has are all the labels of the host.
 */
export function diffSettings(desired: AgentSettings, live: AgentSettings): Change[] {
  const changes: Change[] = [];
  for (const name of Object.keys(desired).sort() as (keyof AgentSettings)[]) {
    if (isEmpty(desired[name]) || sameValue(desired[name], live[name])) continue;
    if (name !== "labels") {
      changes.push(change([name], live[name], desired[name]));
      continue;
    }
    const [want, have] = [desired.labels ?? {}, live.labels ?? {}];
    for (const key of [...new Set([...Object.keys(want), ...Object.keys(have)])].sort()) {
      if (want[key] !== have[key]) changes.push(change(["labels", key], have[key], want[key]));
    }
  }
  return changes;
}

function change(path: readonly string[], before: Json | undefined, after: Json | undefined): Change {
  return {
    path,
    op: before === undefined ? "add" : after === undefined ? "remove" : "update",
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    cause: "spec",
    impact: "none",
    reason: "a setting of the agent; no VM is touched",
  };
}
