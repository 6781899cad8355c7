import type { ValidateActionConfig_Request, ValidateActionConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const validateActionConfig: Rpc<ValidateActionConfig_Request, ValidateActionConfig_Response> = {
  async answer({ provider }, { action_type, config }) {
    const action = requireNamed(provider.actions, "action", action_type);
    const { attributes } = action.schema;
    return { diagnostics: toWireDiagnostics(await action.validate?.(fromWireConfig(attributes, config)), attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
