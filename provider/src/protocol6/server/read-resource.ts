import type { ReadResource_Request, ReadResource_Response } from "../../../gen/tfplugin6.ts";
import { fromWireIdentity, fromWirePrivate, fromWireState } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireIdentity, toWirePrivate, toWireState } from "../to-wire/values.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const readResource: Rpc<ReadResource_Request, ReadResource_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, request) {
    const resource = requireNamed(provider.resources, "resource type", request.type_name);
    const { attributes } = resource.schema;
    const state = fromWireState(attributes, request.current_state);
    // Nothing that could be read.
    if (state === null) return unread([], request);
    const identity = fromWireIdentity(resource.identity, request.current_identity);
    const answer = await resource.read(
      { state, private: fromWirePrivate(request.private), ...(identity === undefined ? {} : { identity }) },
      context,
    );
    const diagnostics = toWireDiagnostics(answer.diagnostics, attributes);
    if (answer.state === undefined) return unread(diagnostics, request);
    const newIdentity =
      resource.identity !== undefined && answer.identity !== undefined
        ? toWireIdentity(resource.identity, answer.identity)
        : request.current_identity;
    return {
      new_state: toWireState(attributes, answer.state),
      private: answer.private === undefined ? request.private : toWirePrivate(answer.private),
      ...(newIdentity === undefined ? {} : { new_identity: newIdentity }),
      diagnostics,
    };
  },
  refuse: (diagnostics, request) => unread(diagnostics, request),
};

/** Everything as it was. */
function unread(diagnostics: ReadResource_Response["diagnostics"], request: ReadResource_Request): ReadResource_Response {
  const { current_state, current_identity } = request;
  return {
    ...(current_state === undefined ? {} : { new_state: current_state }),
    ...(current_identity === undefined ? {} : { new_identity: current_identity }),
    private: request.private,
    diagnostics,
  };
}
