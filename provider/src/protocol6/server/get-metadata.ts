import type { GetMetadata_Request, GetMetadata_Response } from "../../../gen/tfplugin6.ts";
import { CAPABILITIES } from "./capabilities.ts";
import type { Rpc } from "./rpc.ts";

const NOTHING = { data_sources: [], resources: [], functions: [], ephemeral_resources: [], list_resources: [], actions: [] };

export const getMetadata: Rpc<GetMetadata_Request, GetMetadata_Response> = {
  async answer({ provider: { resources, dataSources, functions, actions } }) {
    const named = (names: readonly string[]): { type_name: string }[] => names.map((type_name) => ({ type_name }));
    return {
      ...NOTHING,
      server_capabilities: CAPABILITIES,
      diagnostics: [],
      resources: named(Object.keys(resources)),
      data_sources: named(Object.keys(dataSources)),
      functions: Object.keys(functions).map((name) => ({ name })),
      list_resources: named(Object.keys(resources).filter((name) => resources[name]?.list !== undefined)),
      actions: named(Object.keys(actions)),
    };
  },
  refuse: (diagnostics) => ({ ...NOTHING, diagnostics }),
};
