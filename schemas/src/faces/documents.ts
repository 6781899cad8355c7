import { agentConfig } from "../agent-config.ts";
import type { ResourceType } from "../resource.ts";
import { agentTemplate } from "../resources/agent-template.ts";
import { agent } from "../resources/agent.ts";
import { template } from "../resources/template.ts";
import { vm } from "../resources/vm.ts";
import type { JsonSchema } from "./json-schema.ts";
import { objectSchema, schemaDocument, specSchema } from "./json-schema.ts";
import { planSchema } from "./plan-schema.ts";

/** Every published schema by file name without `.schema.json`. */
export function schemaDocuments(): Readonly<Record<string, JsonSchema>> {
  return {
    ghost: schemaDocument("ghost", "A Ghost spec, as written in ghost.yaml", specSchema("source")),
    "ghost.resolved": schemaDocument("ghost.resolved", "A Ghost spec with every expression resolved", specSchema("resolved")),
    vm: resourceDocument(vm),
    template: resourceDocument(template),
    agent: resourceDocument(agent),
    "agent-template": resourceDocument(agentTemplate, "agent-template"),
    "agent-config": resourceDocument(agentConfig),
    plan: planSchema(),
  };
}

/** One resource by itself, named and resolved. */
function resourceDocument(resource: ResourceType, name: string = resource.type): JsonSchema {
  return schemaDocument(name, resource.summary, objectSchema(resource.attributes, "resolved"));
}
