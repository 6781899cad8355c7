import type { Resource } from "../../protocol6/provider.ts";
import type { Session } from "../fleet/session.ts";
import { VM_SCHEMA } from "./vm-schema.ts";

/** The resource `ghost_vm`. */
export function vmResource(_session: Session): Resource {
  return {
    schema: VM_SCHEMA,
    read: () => Promise.reject(new Error("not written yet")),
    plan: () => Promise.reject(new Error("not written yet")),
    apply: () => Promise.reject(new Error("not written yet")),
  };
}
