import { agentTemplate, imageAttributes } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import { newValues, toValues } from "../../faces/values.ts";
import type { Context, DataSource } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Values } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";

const { agent: _agent, adopt: _adopt, ...templateAttributes } = agentTemplate.attributes;

const SCHEMA: Schema = {
  version: 0,
  description: "What VMs of an agent can be made from: the templates that it keeps, and the images of its catalogue.",
  attributes: {
    agent: { description: "The agent, a key of `agents` in the provider's block.", type: "string", required: true },
    templates: {
      description: "Templates by name, whoever made them: what a `ghost_vm` may say as its `template`.",
      computed: true,
      nested: { nesting: "map", attributes: toAttributeSchemas(templateAttributes, { readOnly: true }) },
    },
    images: {
      description: "Images by name: what a `ghost_vm` or a `ghost_template` may say as its `image`.",
      computed: true,
      nested: { nesting: "map", attributes: toAttributeSchemas(imageAttributes, { readOnly: true }) },
    },
  },
};

/** The data source `ghost_templates`. */
export function templatesData(session: Session): DataSource {
  return { schema: SCHEMA, read: (config, context) => readTemplates(session.walk, config, context) };
}

async function readTemplates(walk: Walk, config: Values, { signal }: Context): ReturnType<DataSource["read"]> {
  const agent = config["agent"] ?? null;
  const asked = await ask(walk, agent, "agent", signal);
  if (asked.kind !== "answer") return { diagnostics: [toTerraform(problemOf(asked, agent, "agent")!)] };
  const { templates, host } = asked.observation;
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
  return {
    state: newValues([
      ["agent", agent],
      [
        "templates",
        newValues(
          templates
            .filter(({ phase }) => phase === "ready")
            .toSorted(byName)
            .map(({ config: source, sizeBytes, ...one }) => [
              one.name,
              toValues(templateAttributes, { ...one, ...source, size_bytes: sizeBytes }),
            ]),
        ),
      ],
      [
        "images",
        newValues(
          host.images
            .toSorted(byName)
            .map(({ name, sizeBytes, ...image }) => [name, toValues(imageAttributes, { ...image, size_bytes: sizeBytes })]),
        ),
      ],
    ]),
  };
}
