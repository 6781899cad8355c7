import { BUILTIN_DEFAULTS } from "@ghost/engine";
import { newValues, sameValues } from "../../faces/values.ts";
import type { PlanAnswer, PlanRequest } from "../../protocol6/provider.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { configured } from "./planned-config.ts";
import type { VmPrivate } from "./vm-private.ts";
import { VM_SCHEMA } from "./vm-schema.ts";

/** Nothing can be decided: what is configured is planned, what the provider says is not known. */
export function planUnknown({ prior, proposed, config }: PlanRequest, priorPrivate: VmPrivate): PlanAnswer {
  if (prior !== null && sameValues(prior, proposed)) return { planned: prior, private: priorPrivate };
  const planned = configured(config!, prior === null ? BUILTIN_DEFAULTS : {});
  for (const [name, schema] of Object.entries(VM_SCHEMA.attributes)) {
    const isOpen = (config![name] ?? null) === null && schema.computed === true && name !== "adopt";
    // Whether it is a VM that is taken over, and what that one has, is not known.
    if (isOpen) planned[name] = UNKNOWN;
  }
  if (prior !== null) planned["uid"] = prior["uid"] ?? UNKNOWN;
  return { planned: newValues(Object.entries(planned)), private: priorPrivate };
}
