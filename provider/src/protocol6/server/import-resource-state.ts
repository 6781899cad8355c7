import type { ImportResourceState_Request, ImportResourceState_Response } from "../../../gen/tfplugin6.ts";
import { fromWireIdentity } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireIdentity, toWirePrivate, toWireState } from "../to-wire/values.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const importResourceState: Rpc<ImportResourceState_Request, ImportResourceState_Response> = {
  needsConfiguration: true,
  async answer({ provider, context }, { type_name, id, identity: wireIdentity }) {
    const resource = requireNamed(provider.resources, "resource type", type_name);
    if (resource.import === undefined)
      throw new Refusal("Cannot be imported", `Objects of "${type_name}" cannot be imported with this provider.`);
    const identity = fromWireIdentity(resource.identity, wireIdentity);
    const answer = await resource.import(identity === undefined ? { id } : { identity }, context);
    const { attributes } = resource.schema;
    const newIdentity =
      resource.identity !== undefined && answer.identity !== undefined ? toWireIdentity(resource.identity, answer.identity) : wireIdentity;
    return {
      imported_resources:
        answer.state === undefined
          ? []
          : [
              {
                type_name,
                state: toWireState(attributes, answer.state),
                private: toWirePrivate(answer.private),
                ...(newIdentity === undefined ? {} : { identity: newIdentity }),
              },
            ],
      diagnostics: toWireDiagnostics(answer.diagnostics, attributes),
    };
  },
  refuse: (diagnostics) => ({ imported_resources: [], diagnostics }),
};
