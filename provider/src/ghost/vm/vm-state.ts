/*
 * What Terraform's state says of a VM, from what its agent says.
 *
 * (1) The state is what was configured, but where the machine differs from it: what differs, the engine says, as in
 *     every plan. So a value that means the same in another form stays as it was written, a change that is ignored on
 *     an existing VM stays as it was planned, and after an apply there is nothing to plan.
 * (2) Of a VM that Terraform takes into its state, what was last applied counts as configured; of one that was given
 *     up, what it was set up with; of one that Ghost never had, its hardware.
 */
import { completeConfig, differencesOf } from "@ghost/engine";
import type { Attribute, Change, Observation, ObservedVm, VmConfig } from "@ghost/schemas";
import { newValues, toValue, toValues } from "../../faces/values.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { VM_SCHEMA } from "./vm-schema.ts";
import type { FindTemplate } from "./vm-values.ts";
import { computedValues, CONFIG_ATTRIBUTES, toVmConfig } from "./vm-values.ts";

/** The state after looking at the machine. */
export function readState(prior: Values, vm: ObservedVm, observation: Observation, findTemplate: FindTemplate): Values {
  const desired = completeConfig(toVmConfig(prior, findTemplate), vm);
  const changes = differencesOf(desired, vm, observation);
  const impact = prior["planned_impact"] ?? "none";
  return newValues(Object.entries({ ...applyLive(prior, changes), ...computedValues(vm), planned_impact: impact }));
}

/** The state of a VM that Terraform did not make. */
export function importedState(agent: string, vm: ObservedVm, observation: Observation): Values {
  const base = completeConfig({ ...setupOf(vm), ...(vm.applied as VmConfig), name: vm.name }, vm);
  const empty = newValues(Object.keys(VM_SCHEMA.attributes).map((name) => [name, null]));
  const state = newValues(Object.entries({ ...empty, ...toValues(CONFIG_ATTRIBUTES, base), agent, adopt: false }));
  return readState(state, vm, observation, () => undefined);
}

/** What no machine tells and its record still knows: no difference would ever show it, since a change of it is ignored. */
function setupOf({ live }: ObservedVm): VmConfig {
  const { image, image_url, image_sha256, image_path, cloud_init, ssh_keys } = live;
  const setup = { image, image_url, image_sha256, image_path, cloud_init, ssh_keys };
  return Object.fromEntries(Object.entries(setup).filter(([, value]) => value !== undefined));
}

/** What was planned, with what is known now in place of what was not. */
export function fillState(planned: Values, vm: ObservedVm): Values {
  const computed = computedValues(vm);
  const complete = completeConfig(vm.live, vm);
  return newValues(
    Object.entries(planned).map(([name, value]) => {
      if (value !== UNKNOWN) return [name, value];
      if (name in computed) return [name, computed[name]!];
      const attribute = CONFIG_ATTRIBUTES[name];
      return [name, attribute === undefined ? null : toValue(attribute, complete[name as keyof VmConfig])];
    }),
  );
}

/** What was planned, without what nobody knows. */
export function fillNothing(planned: Values, known: Values): Values {
  return newValues(Object.entries(planned).map(([name, value]) => [name, value === UNKNOWN ? (known[name] ?? null) : value]));
}

function applyLive(prior: Values, changes: readonly Change[]): Values {
  let state = prior;
  for (const { path, before } of changes) {
    const [name, ...rest] = path as [string, ...string[]];
    state = { ...state, [name]: setAt(CONFIG_ATTRIBUTES[name]!, state[name] ?? null, rest, before) };
  }
  return state;
}

/** The value with what is live at a path; a map's item that is not there is taken out. */
function setAt(attribute: Attribute, value: Value, path: readonly string[], live: unknown): Value {
  const [key, ...rest] = path;
  if (key === undefined) return toValue(attribute, live);
  if (attribute.kind === "map") {
    const items = Object.entries((value ?? {}) as Values).filter(([name]) => name !== key);
    if (rest.length === 0 && live === undefined) return newValues(items);
    return newValues([...items, [key, setAt(attribute.of, (value as Values | null)?.[key] ?? null, rest, live)]]);
  }
  if (attribute.kind !== "object") return toValue(attribute, live);
  const whole = (value ?? toValues(attribute.attributes, {})) as Values;
  const part = attribute.attributes[key]!;
  if (part.sensitive === true) return { ...whole, ...toValues({ [key]: part }, { [key]: live }) };
  return newValues(Object.entries({ ...whole, [key]: setAt(part, whole[key] ?? null, rest, live) }));
}
