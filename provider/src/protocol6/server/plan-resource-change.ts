import type { PlanResourceChange_Request, PlanResourceChange_Response } from "../../../gen/tfplugin6.ts";
import { fromWireIdentity, fromWirePrivate, fromWireState } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWirePath } from "../to-wire/path.ts";
import { toWireIdentity, toWirePrivate, toWireState } from "../to-wire/values.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const planResourceChange: Rpc<PlanResourceChange_Request, PlanResourceChange_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, request) {
    const resource = requireNamed(provider.resources, "resource type", request.type_name);
    const { attributes } = resource.schema;
    const identity = fromWireIdentity(resource.identity, request.prior_identity);
    const answer = await resource.plan(
      {
        prior: fromWireState(attributes, request.prior_state),
        proposed: fromWireState(attributes, request.proposed_new_state),
        config: fromWireState(attributes, request.config),
        priorPrivate: fromWirePrivate(request.prior_private),
        ...(identity === undefined ? {} : { identity }),
      },
      context,
    );
    const plannedIdentity =
      resource.identity !== undefined && answer.identity !== undefined
        ? toWireIdentity(resource.identity, answer.identity)
        : request.prior_identity;
    return {
      planned_state: toWireState(attributes, answer.planned),
      requires_replace: (answer.requiresReplace ?? []).map((path) => toWirePath(attributes, path)),
      planned_private: answer.private === undefined ? request.prior_private : toWirePrivate(answer.private),
      ...(plannedIdentity === undefined ? {} : { planned_identity: plannedIdentity }),
      diagnostics: toWireDiagnostics(answer.diagnostics, attributes),
      legacy_type_system: false,
    };
  },
  refuse: (diagnostics, { prior_private }) => ({
    requires_replace: [],
    planned_private: prior_private,
    diagnostics,
    legacy_type_system: false,
  }),
};
