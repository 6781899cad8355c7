import type { ReadDataSource_Request, ReadDataSource_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireState } from "../to-wire/values.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const readDataSource: Rpc<ReadDataSource_Request, ReadDataSource_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, { type_name, config }) {
    const dataSource = requireNamed(provider.dataSources, "data source", type_name);
    const { attributes } = dataSource.schema;
    const { state, diagnostics } = await dataSource.read(fromWireConfig(attributes, config), context);
    return {
      ...(state === undefined ? {} : { state: toWireState(attributes, state) }),
      diagnostics: toWireDiagnostics(diagnostics, attributes),
    };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
