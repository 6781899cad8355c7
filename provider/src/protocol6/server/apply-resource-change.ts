import type { ApplyResourceChange_Request, ApplyResourceChange_Response } from "../../../gen/tfplugin6.ts";
import { fromWireIdentity, fromWirePrivate, fromWireState } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireIdentity, toWirePrivate, toWireState } from "../to-wire/values.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const applyResourceChange: Rpc<ApplyResourceChange_Request, ApplyResourceChange_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, request) {
    const resource = requireNamed(provider.resources, "resource type", request.type_name);
    const { attributes } = resource.schema;
    const identity = fromWireIdentity(resource.identity, request.planned_identity);
    const answer = await resource.apply(
      {
        prior: fromWireState(attributes, request.prior_state),
        planned: fromWireState(attributes, request.planned_state),
        config: fromWireState(attributes, request.config),
        plannedPrivate: fromWirePrivate(request.planned_private),
        ...(identity === undefined ? {} : { identity }),
      },
      context,
    );
    const newIdentity =
      resource.identity !== undefined && answer.identity !== undefined
        ? toWireIdentity(resource.identity, answer.identity)
        : request.planned_identity;
    return {
      new_state: toWireState(attributes, answer.state),
      private: answer.private === undefined ? request.planned_private : toWirePrivate(answer.private),
      ...(newIdentity === undefined ? {} : { new_identity: newIdentity }),
      diagnostics: toWireDiagnostics(answer.diagnostics, attributes),
      legacy_type_system: false,
    };
  },
  // Terraform keeps what it knew: nothing says that anything changed, and the next refresh finds out.
  refuse: (diagnostics, { prior_state, planned_private }) => ({
    ...(prior_state === undefined ? {} : { new_state: prior_state }),
    private: planned_private,
    diagnostics,
    legacy_type_system: false,
  }),
};
