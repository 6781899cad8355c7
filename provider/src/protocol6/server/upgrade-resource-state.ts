import type { UpgradeResourceState_Request, UpgradeResourceState_Response } from "../../../gen/tfplugin6.ts";
import { impliedType } from "../codec/implied-type.ts";
import { decodeJson, fitsJson } from "../codec/json.ts";
import type { Resource } from "../provider.ts";
import { toWireState } from "../to-wire/values.ts";
import type { Values } from "../value.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

/** Asked of every object by every command. */
export const upgradeResourceState: Rpc<UpgradeResourceState_Request, UpgradeResourceState_Response> = {
  async answer({ provider }, { type_name, version, raw_state }) {
    const resource = requireNamed(provider.resources, "resource type", type_name);
    const { schema } = resource;
    const json = raw_state?.json ?? Buffer.alloc(0);
    if (json.length === 0) {
      throw new Refusal(
        "State too old",
        `The state of this ${type_name} was written by Terraform 0.11 or older. Apply it once with Terraform 0.12 to 1.x and the provider of that time.`,
      );
    }
    const text = json.toString("utf8");
    const type = impliedType(schema.attributes);
    if (version === schema.version) resource.stored?.(JSON.parse(text) as Record<string, unknown>);
    if (version === schema.version && fitsJson(type, text)) {
      return { upgraded_state: { json, msgpack: Buffer.alloc(0) }, diagnostics: [] };
    }
    const state = version === schema.version ? (decodeJson(type, text) as Values) : upgraded(resource, type_name, version, text);
    return { upgraded_state: toWireState(schema.attributes, state), diagnostics: [] };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};

function upgraded(resource: Resource, type: string, version: number, text: string): Values {
  const ours = resource.schema.version;
  if (version > ours) {
    throw new Refusal(
      "State of a newer provider",
      `The state of this ${type} has schema version ${version}, and this provider writes version ${ours}: it was last applied with a newer provider. Use that one, or a newer one still.`,
    );
  }
  if (resource.upgrade === undefined) {
    throw new Refusal(
      "State too old",
      `The state of this ${type} has schema version ${version}, and this provider reads only version ${ours}.`,
    );
  }
  return resource.upgrade(version, JSON.parse(text) as Record<string, unknown>);
}
