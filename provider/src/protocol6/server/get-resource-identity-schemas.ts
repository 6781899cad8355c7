import type { GetResourceIdentitySchemas_Request, GetResourceIdentitySchemas_Response } from "../../../gen/tfplugin6.ts";
import { toWireIdentitySchema } from "../to-wire/schema.ts";
import { mapValues } from "./map-values.ts";
import type { Rpc } from "./rpc.ts";

export const getResourceIdentitySchemas: Rpc<GetResourceIdentitySchemas_Request, GetResourceIdentitySchemas_Response> = {
  async answer({ provider }) {
    const identity_schemas = mapValues(provider.resources, ({ identity }) =>
      identity === undefined ? undefined : toWireIdentitySchema(identity),
    );
    return { identity_schemas, diagnostics: [] };
  },
  refuse: (diagnostics) => ({ identity_schemas: {}, diagnostics }),
};
