import type { Attribute, Attributes, ResourceType } from "../resource.ts";
import { vm } from "./vm.ts";

/** What belongs to one VM alone and cannot be inherited. */
const OWN = ["name", "agent", "template", "replicas", "depends_on", "previous_names", "adopt"] as const;

type Inherited = Omit<typeof vm.attributes, (typeof OWN)[number]>;

const inherited = Object.fromEntries(
  Object.entries<Attribute>(vm.attributes).filter(
    ([name, attribute]) => attribute.mode !== "computed" && !(OWN as readonly string[]).includes(name),
  ),
) as unknown as Inherited;

export const template = {
  type: "template",
  version: 1,
  summary: "Values that VMs share; a change here shows as each VM's own change.",
  example: "templates/ghost.yaml",
  attributes: inherited as Attributes & Inherited,
} as const satisfies ResourceType;

export type TemplateSpec = Partial<Omit<import("./vm.ts").VmSpec, (typeof OWN)[number]>>;
