import type { AttributeMode } from "./resource.ts";
import type { VmSpec } from "./resources/vm.ts";
import { vm } from "./resources/vm.ts";

/**
 * The attributes of a VM that an agent keeps: what a person wrote, without what belongs to spec files alone and
 * without `agent`, which is where it is kept. Canonical form: an unset attribute, an empty map and an empty list
 * are all absent.
 */
export type VmConfig = Partial<Omit<VmSpec, "agent" | "replicas" | "depends_on" | "previous_names" | "adopt">>;

/** The names of VmConfig's attributes, in the order of the definition. */
export const VM_CONFIG_ATTRIBUTES: readonly (keyof VmConfig)[] = Object.entries<{ mode: AttributeMode; specOnly?: boolean }>(vm.attributes)
  .filter(([name, attribute]) => attribute.mode !== "computed" && attribute.specOnly !== true && name !== "agent")
  .map(([name]) => name as keyof VmConfig);
