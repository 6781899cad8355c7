/** Generators of specs as data, made from the definitions: what a definition allows, or now and then what it does not. */
import type { Attribute, Attributes } from "@ghost/schemas";
import { agent, template, vm } from "@ghost/schemas";
import fc from "fast-check";

type Data = fc.Arbitrary<unknown>;

/** Values of any kind: most are wrong wherever they stand. */
const ANYTHING: Data = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1.5, "", "no", "1", "a", "A b", "\n", "\u202e", [], ["a"], [1], {}, { a: 1 }, { "": "x" }, { constructor: "x" }),
  fc.integer(),
  fc.string({ maxLength: 8 }),
);

interface Taste {
  /** How many of a hundred values are anything. */
  readonly wrong: number;
}

function orAnything(right: Data, { wrong }: Taste): Data {
  return wrong === 0 ? right : fc.oneof({ weight: 100 - wrong, arbitrary: right }, { weight: wrong, arbitrary: ANYTHING });
}

function valueOf(attribute: Attribute, taste: Taste): Data {
  if (attribute.sensitive === true) {
    return orAnything(fc.record({ secret: fc.constantFrom("env:PW", "file:pw", "file:/x y"), version: fc.integer({ min: 1, max: 9 }) }), taste);
  }
  switch (attribute.kind) {
    case "string": {
      const { oneOf, pattern, maxLength = 60 } = attribute;
      if (oneOf !== undefined) return orAnything(fc.constantFrom(...oneOf), taste);
      const text = pattern === undefined ? fc.string({ maxLength }) : fc.stringMatching(new RegExp(pattern, "u"), { maxLength: Math.max(70, maxLength) });
      // An expression is another matter than a value.
      return orAnything(
        text.filter((one) => !one.includes("${")),
        taste,
      );
    }
    case "integer":
      return orAnything(fc.integer({ min: attribute.min ?? 0, max: Math.min(attribute.max ?? 1000, attribute.min === 0 ? 3 : 5000) }), taste);
    case "boolean":
      return orAnything(fc.boolean(), taste);
    case "list":
      return orAnything(fc.array(valueOf(attribute.of, taste), { maxLength: 3 }), taste);
    case "map":
      return orAnything(fc.dictionary(fc.stringMatching(new RegExp(attribute.keyPattern ?? "^[a-z]+$", "u"), { maxLength: 70 }), valueOf(attribute.of, taste), { maxKeys: 3 }), taste);
    case "object":
      return orAnything(objectOf(attribute.attributes, taste), taste);
  }
}

function objectOf(attributes: Attributes, taste: Taste, without: readonly string[] = []): Data {
  const settable = Object.entries(attributes).filter(([name, { mode }]) => mode !== "computed" && !without.includes(name));
  const required = settable.filter(([, { mode }]) => mode === "required").map(([name]) => name);
  const values = fc.record(Object.fromEntries(settable.map(([name, attribute]) => [name, valueOf(attribute, taste)])), { requiredKeys: required as never[] });
  if (taste.wrong === 0) return values;
  return fc.tuple(values, fc.oneof({ weight: 100 - taste.wrong, arbitrary: fc.constant({}) }, { weight: taste.wrong, arbitrary: fc.dictionary(fc.constantFrom("bogus", "uid", "name", "Ram_gb"), ANYTHING, { maxKeys: 1 }) })).map(([right, wrong]) => ({ ...right, ...wrong }));
}

const NAME = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/u);

/** The data of a spec file; with `wrong: 0` each value is what its definition allows. */
export function specData(taste: Taste): Data {
  const blocks = (block: Data): Data => fc.dictionary(NAME, block, { maxKeys: 2 });
  return fc.record({
    ghost: fc.constant(1),
    stack: orAnything(NAME, taste),
    agents: blocks(objectOf(agent.attributes, taste, ["name"])),
    templates: blocks(objectOf(template.attributes, taste)),
    vms: blocks(objectOf(vm.attributes, taste, ["name"])),
  });
}

/** The data of a VM that is right as a whole: an image, headroom above what is set, a size for each disk. */
function vmData(names: { readonly agents: readonly string[] }): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const own = ["name", "agent", "template", "image", "image_url", "image_path", "image_sha256", "vcpu_max", "ram_max_gb", "networks", "replicas", "depends_on", "previous_names", "adopt"];
  return fc
    .tuple(objectOf(vm.attributes, { wrong: 0 }, own), fc.constantFrom(...names.agents), fc.dictionary(NAME, fc.oneof(fc.record({ network: fc.constantFrom("default", "lan") }), fc.record({ bridge: fc.constantFrom("br0", "br1") }), fc.constant({})), { maxKeys: 2 }), fc.boolean())
    .map(([values, agentName, networks, headroom]) => {
      const made = values as Record<string, unknown> & { vcpu?: number; ram_gb?: number };
      return {
        ...made,
        agent: agentName,
        image: "debian-12",
        ...(Object.keys(networks).length > 0 && { networks }),
        ...(headroom && { vcpu_max: Math.min(512, (made.vcpu ?? 1) + 1), ram_max_gb: Math.min(4096, (made.ram_gb ?? 1) + 1) }),
      };
    });
}

/** A whole spec that is right: agents, VMs, links between them. */
export const RIGHT_SPEC: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.uniqueArray(NAME, { minLength: 1, maxLength: 2 }).chain((agents) =>
  fc.dictionary(NAME, vmData({ agents }), { minKeys: 1, maxKeys: 3 }).map((vms) => ({
    ghost: 1,
    stack: "shop",
    agents: Object.fromEntries(agents.map((name, at) => [name, { address: `host-${at}.example:9090` }])),
    vms,
  })),
);
