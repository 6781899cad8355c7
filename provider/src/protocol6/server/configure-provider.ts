import type { ConfigureProvider_Request, ConfigureProvider_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import type { Rpc } from "./rpc.ts";

export const configureProvider: Rpc<ConfigureProvider_Request, ConfigureProvider_Response> = {
  configures: true,
  async answer({ provider, context, lifecycle }, { config, terraform_version }) {
    const { attributes } = provider.schema;
    const diagnostics = await provider.configure(fromWireConfig(attributes, config), terraform_version, context);
    if (!diagnostics.some(({ severity }) => severity === "error")) lifecycle.configured();
    return { diagnostics: toWireDiagnostics(diagnostics, attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
