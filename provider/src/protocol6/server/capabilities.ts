import type { ServerCapabilities } from "../../../gen/tfplugin6.ts";

export const CAPABILITIES: ServerCapabilities = {
  plan_destroy: true,
  get_provider_schema_optional: true,
  move_resource_state: true,
  generate_resource_config: true,
};
