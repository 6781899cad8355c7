import { FunctionError } from "../provider.ts";
import type { Diagnostic, Provider, Resource } from "../provider.ts";
import type { AttributeSchemas } from "../schema.ts";
import { UNKNOWN } from "../value.ts";
import type { Value, Values } from "../value.ts";

/*
 * A provider for tests of the protocol: things that live in memory, with one attribute of every kind.
 */
const attributes: AttributeSchemas = {
  name: { description: "Name of the thing.", type: "string", required: true },
  id: { description: "Made by the provider.", type: "string", computed: true },
  size: { description: "Any number.", type: "number", optional: true },
  ratio: { description: "Has a default.", type: "number", optional: true, computed: true },
  secret: { description: "Only in the configuration.", type: "string", optional: true, sensitive: true, write_only: true },
  secret_version: { description: "Raised with the secret.", type: "number", optional: true },
  tags: { description: "By key.", type: ["map", "string"], optional: true },
  ports: { description: "In any order.", type: ["set", "number"], optional: true },
  anything: { description: "Of any type.", type: "dynamic", optional: true },
  disks: {
    description: "By name.",
    optional: true,
    nested: {
      nesting: "map",
      attributes: {
        size_gb: { description: "GiB.", type: "number", required: true },
        pin: { description: "Only in the configuration.", type: "string", optional: true, write_only: true },
        path: { description: "Where it is.", type: "string", computed: true },
      },
    },
  },
};

export interface ToyProvider extends Provider {
  readonly things: Map<string, Values>;
  /** The secret that each was given last. */
  readonly secrets: Map<string, Value>;
}

/** A name with "broken" in it throws, one with "slow" waits until it is told to stop. */
export function toyProvider(things: Map<string, Values> = new Map()): ToyProvider {
  const secrets = new Map<string, Value>();
  const thing: Resource = {
    schema: { version: 2, description: "A thing.", attributes },
    identity: { version: 1, attributes: { id: { type: "string", description: "Its id.", required_for_import: true } } },
    async validate(config) {
      return config["size"] === 13 ? [problem("13 is bad luck.", ["size"])] : [];
    },
    upgrade: (_version, { label, ...rest }) => ({ ...(rest as Values), name: String(label) }),
    async read({ state, private: before }) {
      const found = things.get(text(state["name"])) ?? null;
      return {
        state: found,
        private: { ...(before as object), revision: things.size },
        ...(found === null ? {} : { identity: { id: found["id"] ?? null } }),
      };
    },
    async plan({ prior, proposed, config }) {
      if (proposed === null)
        return { planned: null, diagnostics: [{ severity: "warning", summary: "Gone for good", detail: "The thing is lost." }] };
      if (text(proposed["name"]).includes("broken")) throw new Error("It broke.");
      const planned = { ...proposed };
      planned["id"] = prior === null || prior["name"] !== proposed["name"] ? UNKNOWN : (prior["id"] ?? null);
      if (config?.["ratio"] === null) planned["ratio"] = 1;
      const disks = proposed["disks"];
      if (typeof disks === "object" && disks !== null) {
        planned["disks"] = Object.fromEntries(
          Object.entries(disks as Values).map(([key, disk]) => [key, { ...(disk as Values), path: `/disks/${key}` }]),
        );
      }
      return {
        planned,
        requiresReplace: prior !== null && prior["name"] !== proposed["name"] ? [["name"]] : [],
        private: { planned: true },
      };
    },
    async apply({ prior, planned, config }, { signal }) {
      if (prior !== null) things.delete(text(prior["name"]));
      if (planned === null) return { state: null };
      const name = text(planned["name"]);
      if (name.includes("slow")) {
        await new Promise((resolve) => (signal.aborted ? resolve(null) : signal.addEventListener("abort", resolve)));
        return { state: null, diagnostics: [problem("Stopped.")] };
      }
      const id = planned["id"] === UNKNOWN ? `id-${name}` : (planned["id"] ?? null);
      const state = { ...planned, id };
      things.set(name, state);
      secrets.set(name, config?.["secret"] ?? null);
      return { state, private: { applied: true }, identity: { id } };
    },
    async import({ id, identity }) {
      const state = [...things.values()].find((one) => one["name"] === id || one["id"] === identity?.["id"]);
      return state === undefined
        ? { diagnostics: [problem(`There is no thing "${id ?? text(identity?.["id"])}".`)] }
        : { state, private: { imported: true } };
    },
    async move({ sourceType, sourceState }) {
      return { state: { name: `${sourceType}-${String((sourceState as { name: string }).name)}` } };
    },
    list: {
      schema: {
        version: 0,
        description: "Which things.",
        attributes: { prefix: { description: "Of the name.", type: "string", optional: true } },
      },
      async *find(config, { withState }) {
        for (const [name, state] of things) {
          if (!name.startsWith(text(config["prefix"] ?? ""))) continue;
          yield { displayName: name, identity: { id: state["id"] ?? null }, ...(withState ? { state } : {}) };
        }
      },
    },
  };
  return {
    things,
    secrets,
    schema: {
      version: 0,
      description: "Toys.",
      attributes: { greeting: { description: "What it says.", type: "string", optional: true } },
    },
    resources: { toy_thing: thing },
    dataSources: {
      toy_count: {
        schema: { version: 0, description: "How many.", attributes: { total: { description: "Things.", type: "number", computed: true } } },
        async read() {
          return { state: { total: things.size } };
        },
      },
    },
    functions: {
      double: {
        schema: {
          summary: "Twice.",
          description: "Twice the number.",
          parameters: [{ name: "n", type: "number", description: "A number." }],
          returns: "number",
        },
        async call([n]) {
          if (typeof n !== "number") throw new FunctionError("Only small integers can be doubled.", 0);
          return n * 2;
        },
      },
    },
    actions: {
      toy_ring: {
        schema: { version: 0, description: "Rings.", attributes: { times: { description: "How often.", type: "number", required: true } } },
        async plan(config) {
          return config["times"] === 0 ? [problem("Not at all?", ["times"])] : [];
        },
        async invoke(config, progress) {
          for (let n = 1; n <= Number(config["times"]); n++) progress(`ring ${n}`);
          return [];
        },
      },
    },
    async validateConfig(config) {
      return config["greeting"] === "" ? [problem("Say something.", ["greeting"])] : [];
    },
    async configure(config) {
      return config["greeting"] === "fail" ? [problem("No.", ["greeting"])] : [];
    },
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function problem(detail: string, path?: readonly (string | number)[]): Diagnostic {
  return { severity: "error", summary: "Not like this", detail, ...(path === undefined ? {} : { path }) };
}
