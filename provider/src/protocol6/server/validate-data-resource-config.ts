import type { ValidateDataResourceConfig_Request, ValidateDataResourceConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const validateDataResourceConfig: Rpc<ValidateDataResourceConfig_Request, ValidateDataResourceConfig_Response> = {
  async answer({ provider }, { type_name, config }) {
    const dataSource = requireNamed(provider.dataSources, "data source", type_name);
    const { attributes } = dataSource.schema;
    return { diagnostics: toWireDiagnostics(await dataSource.validate?.(fromWireConfig(attributes, config)), attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
