import type { GetFunctions_Request, GetFunctions_Response } from "../../../gen/tfplugin6.ts";
import { toWireFunction } from "../to-wire/schema.ts";
import { mapValues } from "./map-values.ts";
import type { Rpc } from "./rpc.ts";

export const getFunctions: Rpc<GetFunctions_Request, GetFunctions_Response> = {
  async answer({ provider }) {
    return { functions: mapValues(provider.functions, ({ schema }) => toWireFunction(schema)), diagnostics: [] };
  },
  refuse: (diagnostics) => ({ functions: {}, diagnostics }),
};
