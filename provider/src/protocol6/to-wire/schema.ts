import { Schema_Object_NestingMode, StringKind } from "../../../gen/tfplugin6.ts";
import type {
  FunctionMessage as WireFunction,
  Function_Parameter,
  ResourceIdentitySchema,
  Schema as WireSchema,
  Schema_Attribute,
} from "../../../gen/tfplugin6.ts";
import type { AttributeSchema, AttributeSchemas, FunctionParameter, FunctionSchema, IdentitySchema, Nesting, Schema } from "../schema.ts";
import type { Type } from "../type.ts";

export function toWireSchema({ version, description, attributes }: Schema): WireSchema {
  return {
    version,
    block: {
      version,
      attributes: toWireAttributes(attributes),
      block_types: [],
      description,
      description_kind: StringKind.MARKDOWN,
      deprecated: false,
      deprecation_message: "",
    },
  };
}

export function toWireIdentitySchema({ version, attributes }: IdentitySchema): ResourceIdentitySchema {
  return {
    version,
    identity_attributes: Object.entries(attributes).map(([name, attribute]) => ({
      name,
      type: typeBytes(attribute.type),
      required_for_import: attribute.required_for_import ?? false,
      optional_for_import: attribute.optional_for_import ?? false,
      description: attribute.description,
    })),
  };
}

export function toWireFunction({ summary, description, parameters, variadic, returns }: FunctionSchema): WireFunction {
  return {
    parameters: parameters.map(toWireParameter),
    ...(variadic === undefined ? {} : { variadic_parameter: toWireParameter(variadic) }),
    return: { type: typeBytes(returns) },
    summary,
    description,
    description_kind: StringKind.MARKDOWN,
    deprecation_message: "",
  };
}

const nestingModes: Readonly<Record<Nesting, Schema_Object_NestingMode>> = {
  single: Schema_Object_NestingMode.SINGLE,
  list: Schema_Object_NestingMode.LIST,
  set: Schema_Object_NestingMode.SET,
  map: Schema_Object_NestingMode.MAP,
};

function toWireAttributes(attributes: AttributeSchemas): Schema_Attribute[] {
  return Object.entries(attributes).map(([name, attribute]) => toWireAttribute(name, attribute));
}

function toWireAttribute(name: string, attribute: AttributeSchema): Schema_Attribute {
  return {
    name,
    type: attribute.nested === undefined ? typeBytes(attribute.type) : Buffer.alloc(0),
    ...(attribute.nested === undefined
      ? {}
      : {
          nested_type: {
            attributes: toWireAttributes(attribute.nested.attributes),
            nesting: nestingModes[attribute.nested.nesting],
            min_items: 0,
            max_items: 0,
          },
        }),
    description: attribute.description,
    description_kind: StringKind.MARKDOWN,
    required: attribute.required ?? false,
    optional: attribute.optional ?? false,
    computed: attribute.computed ?? false,
    sensitive: attribute.sensitive ?? false,
    write_only: attribute.write_only ?? false,
    deprecated: attribute.deprecated !== undefined,
    deprecation_message: attribute.deprecated ?? "",
  };
}

function toWireParameter({ name, type, description, allow_null, allow_unknown }: FunctionParameter): Function_Parameter {
  return {
    name,
    type: typeBytes(type),
    description,
    description_kind: StringKind.MARKDOWN,
    allow_null_value: allow_null ?? false,
    allow_unknown_values: allow_unknown ?? false,
  };
}

function typeBytes(type: Type): Buffer {
  return Buffer.from(JSON.stringify(type));
}
