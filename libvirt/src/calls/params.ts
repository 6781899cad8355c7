import { virTypedParameterType } from "../../gen/constants.ts";
import type { remote_typed_param } from "../../gen/types.ts";

/** A number that fits no double exactly (2^53 and more) stays a bigint. */
export type ParamValue = number | bigint | boolean | string;

/** Libvirt's typed parameters by name, `{"cpu.time": 12, "block.0.name": "vda"}`. */
export type Params = Readonly<Record<string, ParamValue>>;

export function fromParams(list: readonly remote_typed_param[]): Params {
  // No prototype: the names come from the other side.
  const params: Record<string, ParamValue> = Object.create(null);
  for (const { field, value } of list) params[field] = fromValue(value);
  return params;
}

/** The number of that name; a counter above 2^53 loses its last digits. Undefined when there is none. */
export function numberIn(params: Params, name: string): number | undefined {
  const value = params[name];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/** The text of that name. */
export function textIn(params: Params, name: string): string | undefined {
  const value = params[name];
  return typeof value === "string" ? value : undefined;
}

/** A number where a double holds it exactly. */
function exact(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

function fromValue(value: remote_typed_param["value"]): ParamValue {
  switch (value.type) {
    case virTypedParameterType.VIR_TYPED_PARAM_INT:
      return value.i;
    case virTypedParameterType.VIR_TYPED_PARAM_UINT:
      return value.ui;
    case virTypedParameterType.VIR_TYPED_PARAM_LLONG:
      return exact(value.l);
    case virTypedParameterType.VIR_TYPED_PARAM_ULLONG:
      return exact(value.ul);
    case virTypedParameterType.VIR_TYPED_PARAM_DOUBLE:
      return value.d;
    case virTypedParameterType.VIR_TYPED_PARAM_BOOLEAN:
      return value.b !== 0;
    case virTypedParameterType.VIR_TYPED_PARAM_STRING:
      return value.s;
  }
}
