import type { Provider } from "../protocol6/provider.ts";
import type { AttributeSchema, AttributeSchemas, FunctionParameter, FunctionSchema, Schema } from "../protocol6/schema.ts";
import type { Type } from "../protocol6/type.ts";

/** A provider's schemas as `terraform providers schema -json` prints them: what generators of bindings and docs read. */
export interface SchemaJson {
  readonly format_version: "1.0";
  /** By the provider's whole address. */
  readonly provider_schemas: Readonly<Record<string, ProviderSchemaJson>>;
}

export interface ProviderSchemaJson {
  readonly provider: ResourceSchemaJson;
  readonly resource_schemas?: Readonly<Record<string, ResourceSchemaJson>>;
  readonly data_source_schemas?: Readonly<Record<string, ResourceSchemaJson>>;
  readonly functions?: Readonly<Record<string, FunctionJson>>;
}

interface ResourceSchemaJson {
  readonly version: number;
  readonly block: {
    readonly attributes: Readonly<Record<string, AttributeJson>>;
    readonly description?: string;
    readonly description_kind: "markdown";
  };
}

interface AttributeJson {
  readonly type?: Type;
  readonly nested_type?: { readonly attributes: Readonly<Record<string, AttributeJson>>; readonly nesting_mode: string };
  readonly description?: string;
  readonly description_kind: "markdown";
  readonly deprecated?: true;
  readonly required?: true;
  readonly optional?: true;
  readonly computed?: true;
  readonly sensitive?: true;
  readonly write_only?: true;
}

interface FunctionJson {
  readonly description?: string;
  readonly summary?: string;
  readonly return_type: Type;
  readonly parameters?: readonly ParameterJson[];
  readonly variadic_parameter?: ParameterJson;
}

interface ParameterJson {
  readonly name: string;
  readonly description?: string;
  readonly is_nullable?: true;
  readonly type: Type;
}

/**
 * What Terraform 1.11 prints of this provider, without Terraform: what is false, empty or absent is left out, names are
 * sorted. Identities, lists and actions are not in it; a newer Terraform adds them in places of their own.
 */
export function schemaJson(address: string, provider: Provider): SchemaJson {
  const { schema, resources, dataSources, functions } = provider;
  return {
    format_version: "1.0",
    provider_schemas: {
      [address]: {
        provider: ofSchema(schema),
        ...filled(
          "resource_schemas",
          mapSorted(resources, (resource) => ofSchema(resource.schema)),
        ),
        ...filled(
          "data_source_schemas",
          mapSorted(dataSources, (source) => ofSchema(source.schema)),
        ),
        ...filled(
          "functions",
          mapSorted(functions, (one) => ofFunction(one.schema)),
        ),
      },
    },
  };
}

function ofSchema({ version, description, attributes }: Schema): ResourceSchemaJson {
  return {
    version,
    block: {
      attributes: ofAttributes(attributes),
      ...(description !== "" && { description }),
      description_kind: "markdown",
    },
  };
}

function ofAttributes(attributes: AttributeSchemas): Readonly<Record<string, AttributeJson>> {
  return mapSorted(attributes, ofAttribute);
}

function ofAttribute({ type, nested, description, deprecated, ...flags }: AttributeSchema): AttributeJson {
  return {
    ...(type !== undefined && { type: ofType(type) }),
    ...(nested !== undefined && { nested_type: { attributes: ofAttributes(nested.attributes), nesting_mode: nested.nesting } }),
    ...(description !== "" && { description }),
    description_kind: "markdown",
    ...(deprecated !== undefined && { deprecated: true }),
    ...(flags.required === true && { required: true }),
    ...(flags.optional === true && { optional: true }),
    ...(flags.computed === true && { computed: true }),
    ...(flags.sensitive === true && { sensitive: true }),
    ...(flags.write_only === true && { write_only: true }),
  };
}

function ofFunction({ summary, description, parameters, variadic, returns }: FunctionSchema): FunctionJson {
  return {
    ...(description !== "" && { description }),
    ...(summary !== "" && { summary }),
    return_type: ofType(returns),
    ...(parameters.length > 0 && { parameters: parameters.map(ofParameter) }),
    ...(variadic !== undefined && { variadic_parameter: ofParameter(variadic) }),
  };
}

function ofParameter({ name, type, description, allow_null }: FunctionParameter): ParameterJson {
  return { name, ...(description !== "" && { description }), ...(allow_null === true && { is_nullable: true }), type: ofType(type) };
}

/** The attributes of an object are sorted too. */
function ofType(type: Type): Type {
  if (typeof type === "string") return type;
  switch (type[0]) {
    case "object":
      return ["object", mapSorted(type[1], ofType)];
    case "tuple":
      return ["tuple", type[1].map(ofType)];
    case "list":
    case "set":
    case "map":
      return [type[0], ofType(type[1])];
  }
}

function filled<K extends string, V>(key: K, values: Readonly<Record<string, V>>): Partial<Record<K, Readonly<Record<string, V>>>> {
  return Object.keys(values).length === 0 ? {} : ({ [key]: values } as Record<K, Readonly<Record<string, V>>>);
}

function mapSorted<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(
    Object.entries(values)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, change(value)]),
  );
}
