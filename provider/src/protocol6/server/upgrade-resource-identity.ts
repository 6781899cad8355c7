import type { UpgradeResourceIdentity_Request, UpgradeResourceIdentity_Response } from "../../../gen/tfplugin6.ts";
import { identityType } from "../codec/implied-type.ts";
import { decodeJson } from "../codec/json.ts";
import { toWireIdentity } from "../to-wire/values.ts";
import type { Values } from "../value.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

/** An identity is for good: there is nothing to upgrade, only to read. */
export const upgradeResourceIdentity: Rpc<UpgradeResourceIdentity_Request, UpgradeResourceIdentity_Response> = {
  async answer({ provider }, { type_name, version, raw_identity }) {
    const { identity } = requireNamed(provider.resources, "resource type", type_name);
    if (identity === undefined) throw new Refusal("No identity", `Objects of "${type_name}" have no identity with this provider.`);
    if (version !== identity.version) {
      throw new Refusal(
        "Identity of another version",
        `The identity of this ${type_name} has version ${version}, and this provider has version ${identity.version}. Use the provider that it was last applied with.`,
      );
    }
    const values = decodeJson(identityType(identity), raw_identity?.json.toString("utf8") ?? "null") as Values | null;
    return { ...(values === null ? {} : { upgraded_identity: toWireIdentity(identity, values) }), diagnostics: [] };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
