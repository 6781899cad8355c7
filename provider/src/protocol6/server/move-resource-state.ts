import type { MoveResourceState_Request, MoveResourceState_Response } from "../../../gen/tfplugin6.ts";
import { fromWirePrivate } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireIdentity, toWirePrivate, toWireState } from "../to-wire/values.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const moveResourceState: Rpc<MoveResourceState_Request, MoveResourceState_Response> = {
  async answer({ provider }, request) {
    const type = request.target_type_name;
    const resource = requireNamed(provider.resources, "resource type", type);
    if (resource.move === undefined) {
      throw new Refusal("Cannot be moved", `This provider cannot make a "${type}" of a "${request.source_type_name}".`);
    }
    const answer = await resource.move({
      sourceProvider: request.source_provider_address,
      sourceType: request.source_type_name,
      sourceVersion: request.source_schema_version,
      sourceState: JSON.parse(request.source_state?.json.toString("utf8") || "null"),
      sourcePrivate: foreignPrivate(request.source_private),
    });
    const { attributes } = resource.schema;
    return {
      ...(answer.state === undefined ? {} : { target_state: toWireState(attributes, answer.state) }),
      target_private: toWirePrivate(answer.private),
      ...(resource.identity !== undefined && answer.identity !== undefined
        ? { target_identity: toWireIdentity(resource.identity, answer.identity) }
        : {}),
      diagnostics: toWireDiagnostics(answer.diagnostics, attributes),
    };
  },
  refuse: (diagnostics) => ({ target_private: Buffer.alloc(0), diagnostics }),
};

/** Another provider's bytes are whatever it likes; null when they are not JSON. */
function foreignPrivate(bytes: Buffer): unknown {
  try {
    return fromWirePrivate(bytes);
  } catch {
    return null;
  }
}
