/** Attributes as HCL expressions: `{ ram_gb: 4, name: '"web"', labels: "var.labels" }`. */
export type Expressions = Readonly<Record<string, string | number | boolean>>;

/** A `ghost_vm` named as its label, on the agent `desk`, of the image `debian-12`, where nothing else is said. */
export function vm(label: string, attributes: Expressions = {}): string {
  return resource("ghost_vm", label, { name: `"${label}"`, agent: '"desk"', image: '"debian-12"', ...attributes });
}

export function resource(type: string, label: string, attributes: Expressions): string {
  return block(`resource "${type}" "${label}"`, attributes);
}

/** A block of any kind. An attribute whose expression is empty is left out. */
export function block(header: string, attributes: Expressions): string {
  const lines = Object.entries(attributes).map(([name, expression]) =>
    expression === "" ? "" : NESTED.has(name) ? `  ${name} {\n    ${expression}\n  }\n` : `  ${name} = ${expression}\n`,
  );
  return `${header} {\n${lines.join("")}}\n`;
}

/** Terraform's own blocks within a resource. */
const NESTED: ReadonlySet<string> = new Set(["lifecycle"]);
