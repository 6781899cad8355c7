import type { ValidateProviderConfig_Request, ValidateProviderConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import type { Rpc } from "./rpc.ts";

export const validateProviderConfig: Rpc<ValidateProviderConfig_Request, ValidateProviderConfig_Response> = {
  async answer({ provider }, { config }) {
    const { attributes } = provider.schema;
    return { diagnostics: toWireDiagnostics(await provider.validateConfig?.(fromWireConfig(attributes, config)), attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
