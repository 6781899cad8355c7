import type { GetProviderSchema_Request, GetProviderSchema_Response } from "../../../gen/tfplugin6.ts";
import { toWireFunction, toWireSchema } from "../to-wire/schema.ts";
import { CAPABILITIES } from "./capabilities.ts";
import { mapValues } from "./map-values.ts";
import type { Rpc } from "./rpc.ts";

const NOTHING = {
  resource_schemas: {},
  data_source_schemas: {},
  functions: {},
  ephemeral_resource_schemas: {},
  list_resource_schemas: {},
  action_schemas: {},
};

export const getProviderSchema: Rpc<GetProviderSchema_Request, GetProviderSchema_Response> = {
  async answer({ provider }) {
    return {
      ...NOTHING,
      provider: toWireSchema(provider.schema),
      resource_schemas: mapValues(provider.resources, ({ schema }) => toWireSchema(schema)),
      data_source_schemas: mapValues(provider.dataSources, ({ schema }) => toWireSchema(schema)),
      functions: mapValues(provider.functions, ({ schema }) => toWireFunction(schema)),
      list_resource_schemas: mapValues(provider.resources, ({ list }) => (list === undefined ? undefined : toWireSchema(list.schema))),
      action_schemas: mapValues(provider.actions, ({ schema }) => ({ schema: toWireSchema(schema) })),
      server_capabilities: CAPABILITIES,
      diagnostics: [],
    };
  },
  refuse: (diagnostics) => ({ ...NOTHING, diagnostics }),
};
