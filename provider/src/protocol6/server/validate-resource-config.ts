import type { ValidateResourceConfig_Request, ValidateResourceConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const validateResourceConfig: Rpc<ValidateResourceConfig_Request, ValidateResourceConfig_Response> = {
  async answer({ provider }, { type_name, config }) {
    const resource = requireNamed(provider.resources, "resource type", type_name);
    const { attributes } = resource.schema;
    return { diagnostics: toWireDiagnostics(await resource.validate?.(fromWireConfig(attributes, config)), attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
