/*
 * What the provider knows between the calls of Terraform.
 *
 * (1) Terraform configures a provider once for each walk over its graph, and each walk asks every agent anew.
 * (2) Connections outlive walks.
 * (3) Parts of the provider's block may not be known while planning: whatever depends on them is not known either, and
 *     nothing is refused because of it.
 */
import type { Connect, DesiredAgent } from "@ghost/engine";
import { createSuggest, didYouMean } from "@ghost/engine";
import { connectHost } from "@ghost/proto/client";
import type { AgentTemplateConfig, Diagnostic, Impact, Observation } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { Value } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { Connections } from "./connections.ts";
import { FleetAgent } from "./fleet-agent.ts";

/** What the provider's block says, as far as it is known. */
export interface ProviderSettings {
  /** Absent while it is not known. */
  readonly stack?: string;
  /** Without those of which something is not known yet. */
  readonly agents: readonly DesiredAgent[];
  /** Names of those, or `all` when it is not known which agents there are. */
  readonly unknownAgents: ReadonlySet<string> | "all";
  readonly maxImpact: Impact;
}

export type FoundAgent =
  | { readonly kind: "known"; readonly agent: FleetAgent }
  /** Its name, or what the block says of it, is not known yet. */
  | { readonly kind: "unknown" }
  /** The block does not have it. */
  | { readonly kind: "missing"; readonly diagnostic: Diagnostic };

/** One walk of Terraform over its graph. */
export class Walk {
  readonly settings: ProviderSettings;
  /** By name. */
  readonly agents: ReadonlyMap<string, FleetAgent>;
  /** Objects that Terraform's state has, by uid: those that were read or planned in this walk. */
  readonly known: Set<string> = new Set();
  /** Objects that were read in this walk, by uid. */
  readonly read: Set<string> = new Set();
  /** Objects that were read more than once: the state has them under two addresses. */
  readonly readTwice: Set<string> = new Set();
  /** Objects that this walk plans to change, by uid. */
  readonly changed: Set<string> = new Set();
  /** Objects that a resource of this walk goes on with, by uid. */
  readonly planned: Set<string> = new Set();
  /** Objects that this walk plans to delete, by uid. */
  readonly deleted: Set<string> = new Set();
  /** Objects that a resource which had none is to take over, by uid. */
  readonly adopted: Set<string> = new Set();
  /** Names of VMs that this walk has deleted to make them anew, by `agent/name`. */
  readonly gone: Set<string> = new Set();
  /** Objects whose place something new is to take, by uid. */
  readonly replaced: Set<string> = new Set();

  /** Templates that this walk plans to make or change, by `agent/name`. */
  readonly plannedTemplates: Map<string, AgentTemplateConfig> = new Map();

  constructor(settings: ProviderSettings, connections: Connections) {
    this.settings = settings;
    const nameOf = new Map<string, string>();
    this.agents = new Map(settings.agents.map((agent) => [agent.name, new FleetAgent(agent, connections, nameOf)]));
  }

  /** Finds what a template of an agent is made from, one that this walk plans to make included. */
  templatesOf(agent: string, { templates }: Observation): (name: string) => AgentTemplateConfig | undefined {
    return (name) => this.plannedTemplates.get(`${agent}/${name}`) ?? templates.find((one) => one.name === name)?.config;
  }

  /** Who plans, as agents record it; undefined while the stack is not known. */
  get owner(): string | undefined {
    const { stack } = this.settings;
    return stack === undefined ? undefined : `terraform:${stack}`;
  }

  find(name: Value): FoundAgent {
    const { unknownAgents } = this.settings;
    if (name === UNKNOWN) return { kind: "unknown" };
    const text = textOf(name);
    const agent = this.agents.get(text);
    if (agent !== undefined) return { kind: "known", agent };
    if (unknownAgents === "all" || unknownAgents.has(text)) return { kind: "unknown" };
    const names = [...this.agents.keys(), ...unknownAgents];
    const hint =
      didYouMean(createSuggest()(text, names)) ??
      (names.length === 0 ? "Add it to agents of the provider's block." : `The provider's block has these: ${names.sort().join(", ")}.`);
    return {
      kind: "missing",
      diagnostic: {
        code: "SPEC_UNKNOWN_REFERENCE",
        severity: "error",
        detail: `There is no agent "${text}".`,
        hint,
        path: ["agent"],
      },
    };
  }
}

/** What lives as long as the provider's process. */
export class Session {
  /** Version of Ghost. */
  readonly version: string;
  readonly #connections: Connections;
  #walk: Walk | undefined;

  constructor(version: string, connect: Connect = connectHost) {
    this.version = version;
    this.#connections = new Connections(connect);
  }

  begin(settings: ProviderSettings): void {
    this.#walk = new Walk(settings, this.#connections);
  }

  /** An object that Terraform's state has; while nothing is configured, nothing is planned. */
  know(uid: string): void {
    this.#walk?.known.add(uid);
  }

  /** The present walk. Terraform asks nothing that needs it before it has configured the provider. */
  get walk(): Walk {
    if (this.#walk === undefined) throw new Error("the provider is asked before it is configured");
    return this.#walk;
  }
}
