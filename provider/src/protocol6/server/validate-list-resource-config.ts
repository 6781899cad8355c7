import type { ValidateListResourceConfig_Request, ValidateListResourceConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { requireList } from "./list-resource.ts";
import type { Rpc } from "./rpc.ts";

/** That the question is one: of the right type, for a resource that can be searched. */
export const validateListResourceConfig: Rpc<ValidateListResourceConfig_Request, ValidateListResourceConfig_Response> = {
  async answer({ provider }, { type_name, config }) {
    fromWireConfig(requireList(provider, type_name).list.schema.attributes, config);
    return { diagnostics: [] };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};
