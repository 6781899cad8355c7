import type { Connect } from "@ghost/engine";
import type { Provider } from "../protocol6/provider.ts";
import { vmRestartAction } from "./actions/vm-restart.ts";
import { agentResource } from "./agent/agent-resource.ts";
import { agentData } from "./data/agent.ts";
import { templatesData } from "./data/templates.ts";
import { vmData } from "./data/vm.ts";
import { vmsData } from "./data/vms.ts";
import { toTerraform } from "./fleet/diagnostics.ts";
import { Session } from "./fleet/session.ts";
import { parseSpecFunction } from "./functions/parse-spec.ts";
import { renderCloudInitFunction } from "./functions/render-cloud-init.ts";
import { checkProvider, toSettings } from "./provider-block.ts";
import { PROVIDER_SCHEMA } from "./provider-schema.ts";
import { templateResource } from "./template/template-resource.ts";
import { vmResource } from "./vm/vm-resource.ts";

/** Ghost as a Terraform provider. What it has is listed here, one line each. `connect` is how agents are reached. */
export function ghostProvider(version: string, connect?: Connect): Provider {
  const session = new Session(version, connect);
  return {
    schema: PROVIDER_SCHEMA,
    resources: {
      ghost_agent: agentResource(session),
      ghost_template: templateResource(session),
      ghost_vm: vmResource(session),
    },
    dataSources: {
      ghost_agent: agentData(session),
      ghost_templates: templatesData(session),
      ghost_vm: vmData(session),
      ghost_vms: vmsData(session),
    },
    functions: {
      parse_spec: parseSpecFunction,
      render_cloud_init: renderCloudInitFunction,
    },
    actions: {
      ghost_vm_restart: vmRestartAction(session),
    },
    validateConfig: async (config) => checkProvider(config).map((one) => toTerraform(one)),
    configure: async (config) => {
      // Values that were not known when the block was validated may be wrong.
      const problems = checkProvider(config).map((one) => toTerraform(one));
      if (problems.length === 0) session.begin(toSettings(config));
      return problems;
    },
  };
}
