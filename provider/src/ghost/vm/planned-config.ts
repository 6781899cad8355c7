import type { VmConfig } from "@ghost/schemas";
import { toPlanned } from "../../faces/values.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { VM_SCHEMA } from "./vm-schema.ts";
import { CONFIG_ATTRIBUTES } from "./vm-values.ts";

/** Every attribute that a configuration has, as it is planned. */
export function configured(config: Values, complete: VmConfig): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(VM_SCHEMA.attributes).map(([name, schema]) => {
      const attribute = CONFIG_ATTRIBUTES[name];
      const value = config[name] ?? null;
      if (attribute === undefined) return [name, name === "adopt" && value === null ? false : value];
      return [name, toPlanned(attribute, schema, value, complete[name as keyof VmConfig])];
    }),
  );
}
