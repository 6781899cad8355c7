import type { ListResource_Event, ListResource_Request } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import type { Provider, Resource } from "../provider.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toWireIdentity, toWireState } from "../to-wire/values.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { StreamRpc } from "./rpc.ts";

export const listResource: StreamRpc<ListResource_Request, ListResource_Event> = {
  needsConfiguration: true,
  async *answer({ provider, context }, { type_name, config, include_resource_object, limit }) {
    const { list, identity, schema } = requireList(provider, type_name);
    let found = 0;
    const options = { limit, withState: include_resource_object };
    for await (const object of list.find(fromWireConfig(list.schema.attributes, config), options, context)) {
      if (object.identity !== undefined) {
        // Zero is a client that names no limit.
        if (limit > 0 && found >= limit) return;
        found++;
      }
      yield {
        ...(object.identity === undefined ? {} : { identity: toWireIdentity(identity, object.identity) }),
        display_name: object.displayName,
        ...(include_resource_object && object.state !== undefined ? { resource_object: toWireState(schema.attributes, object.state) } : {}),
        diagnostic: toWireDiagnostics(object.diagnostics, schema.attributes),
      };
    }
  },
  refuse: (diagnostic) => ({ display_name: "", diagnostic }),
};

/** A resource that can be searched. Throws Refusal for one that cannot. */
export function requireList(provider: Provider, type: string): Resource & Required<Pick<Resource, "list" | "identity">> {
  const resource = requireNamed(provider.resources, "resource type", type);
  const { list, identity } = resource;
  if (list === undefined || identity === undefined) {
    throw new Refusal("Cannot be searched", `Objects of "${type}" cannot be listed with this provider.`);
  }
  return { ...resource, list, identity };
}
