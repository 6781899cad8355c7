import type { PlanAction_Request, PlanAction_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const planAction: Rpc<PlanAction_Request, PlanAction_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, { action_type, config }) {
    const action = requireNamed(provider.actions, "action", action_type);
    const { attributes } = action.schema;
    return { diagnostics: toWireDiagnostics(await action.plan?.(fromWireConfig(attributes, config), context), attributes) };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
