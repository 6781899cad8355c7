import type { ResourceType, SpecOf } from "../resource.ts";
import { NAME_DOC, NAME_PATTERN, vm } from "./vm.ts";

const { image, image_url, image_sha256, image_path } = vm.attributes;

/**
 * A template that an agent keeps: an image under a name of one's own, fetched and pinned to a digest, which VMs of that
 * agent are made from. Not to be taken for `template`, which is a block of a spec: values that VMs inherit, resolved
 * before any agent is asked, and never kept on one.
 */
export const agentTemplate = {
  type: "template",
  version: 1,
  summary: "A named image that an agent keeps, pinned to a digest; VMs of that agent are made from it by name.",
  example: "templates/ghost.yaml",
  attributes: {
    name: {
      kind: "string",
      mode: "required",
      change: "none",
      pattern: NAME_PATTERN,
      patternDoc: NAME_DOC,
      doc: "Name, unique on its agent; what a VM says as its `template`.",
    },
    agent: {
      kind: "string",
      mode: "required",
      change: "none",
      pattern: NAME_PATTERN,
      patternDoc: NAME_DOC,
      doc: "The agent that keeps the template.",
    },
    image: {
      ...image,
      change: "none",
      doc: "Catalogue name of the image; resolved to a digest when the template is made, and pinned there.",
    },
    image_url: { ...image_url, change: "none" },
    image_sha256: { ...image_sha256, change: "none" },
    image_path: { ...image_path, change: "none" },
    adopt: {
      kind: "boolean",
      mode: "optional",
      change: "none",
      specOnly: true,
      default: false,
      doc: "Take over a template of this name that belongs to nobody or to someone else.",
    },
    uid: { kind: "string", mode: "computed", change: "none", doc: "Identity of the template, kept through renames." },
    digest: { kind: "string", mode: "computed", change: "none", doc: "Digest that the template is pinned to: sha256: and 64 digits." },
    size_bytes: { kind: "integer", mode: "computed", change: "none", doc: "Size of the image in bytes; 0 when the host does not tell." },
    owner: {
      kind: "string",
      mode: "computed",
      change: "none",
      doc: "Who the template belongs to, like terraform:shop; empty for nobody.",
    },
  },
} as const satisfies ResourceType;

export type AgentTemplateSpec = SpecOf<typeof agentTemplate>;

/**
 * The attributes of a template that its agent keeps; `agent` is where it is kept. Canonical form: an unset attribute
 * is absent.
 */
export type AgentTemplateConfig = Partial<Omit<AgentTemplateSpec, "agent" | "adopt">>;

/** The names of AgentTemplateConfig's attributes, in the order of the definition. */
export const AGENT_TEMPLATE_CONFIG_ATTRIBUTES = [
  "name",
  "image",
  "image_url",
  "image_sha256",
  "image_path",
] as const satisfies readonly (keyof AgentTemplateConfig)[];
