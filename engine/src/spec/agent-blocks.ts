import type { AgentSettings, PlanTls } from "@ghost/schemas";
import { agent } from "@ghost/schemas";
import type { DesiredAgent, Origin } from "../desired.ts";
import { decodeObject } from "./decode.ts";
import { quote } from "./display.ts";
import type { Fields } from "./fields.ts";
import { fieldsOf } from "./fields.ts";
import type { Values } from "./merge.ts";
import { toCanonical } from "./merge.ts";
import { traceOrigins } from "./origins.ts";
import type { Reading, Scope } from "./scope.ts";
import { addProblem, openScope, ownerOf } from "./scope.ts";
import type { Block } from "./sections.ts";
import type { SourceText } from "./source.ts";
import { absolutePath, describePlace } from "./source.ts";
import type { Node } from "./text/tree.ts";
import { findEntry } from "./text/tree.ts";

export const AGENT_FIELDS: Fields = fieldsOf(agent.attributes, ["name"]);
const HINTS: ReadonlyMap<string, string> = new Map([
  ["name", "An agent's name is the key of its block."],
  ...[...AGENT_FIELDS.get("settings")!.fields!.keys()].map((key) => [key, `Write it under settings: { ${key}: … }`] as const),
]);
const PATH_ADDRESS = /^(unix|embedded):(.*)$/su;

/** An agent as desired, with what its hash covers: addresses and paths as they are written. */
export interface ResolvedAgent extends DesiredAgent {
  readonly written: { readonly address: string; readonly tls?: unknown };
}

/** Every agent of the spec; two entries of one address are a problem. */
export function resolveAgents(reading: Reading, blocks: ReadonlyMap<string, Block>): readonly ResolvedAgent[] {
  const agents: ResolvedAgent[] = [];
  const byAddress = new Map<string, Block>();
  for (const block of blocks.values()) {
    const scope = openScope(reading, {
      source: block.source,
      section: "agents",
      key: block.key,
      hints: HINTS,
    });
    const values = decodeObject(scope, AGENT_FIELDS, block.node);
    const entry = block.node.kind === "map" ? findEntry(block.node, "address") : undefined;
    if (values !== undefined && entry === undefined) reportMissingAddress(scope, block);
    const written = values?.["address"] as string | undefined;
    if (values === undefined || written === undefined || !checkPort(scope, written, entry!.value)) continue;
    const address = resolveAddress(block.source, written);
    const twin = byAddress.get(address.toLowerCase());
    if (twin !== undefined) reportTwin(scope, entry!.value, address, twin);
    byAddress.set(address.toLowerCase(), block);
    agents.push(makeAgent(block, address, written, values));
  }
  return agents;
}

function makeAgent(block: Block, address: string, written: string, values: Values): ResolvedAgent {
  const tls = values["tls"] as PlanTls | undefined;
  const timeoutS = (values["timeout_s"] as number | undefined) ?? agent.attributes.timeout_s.default;
  return {
    name: block.key,
    address,
    ...(tls === undefined ? {} : { tls: resolveTls(block.source, tls) }),
    timeoutMs: timeoutS * 1000,
    settings: toCanonical((values["settings"] as Values | undefined) ?? {}) as AgentSettings,
    at: block.source.locate(block.keyStart),
    get origins(): Readonly<Record<string, Origin>> {
      return traceOrigins(AGENT_FIELDS, block, undefined, "agent");
    },
    written: { address: written, tls },
  };
}

function resolveAddress(source: SourceText, written: string): string {
  const match = PATH_ADDRESS.exec(written);
  return match === null ? written : `${match[1]}:${absolutePath(source, match[2]!)}`;
}

function resolveTls(source: SourceText, tls: PlanTls): PlanTls {
  const resolved: Record<string, string> = {};
  for (const [key, value] of Object.entries(tls)) resolved[key] = key === "server_name" ? value : absolutePath(source, value);
  return resolved;
}

function checkPort(scope: Scope, address: string, node: Node): boolean {
  const port = PATH_ADDRESS.test(address) ? 1 : Number(address.slice(address.lastIndexOf(":") + 1));
  if (port >= 1 && port <= 65535) return true;
  scope.path.push("address");
  addProblem(
    scope,
    "SPEC_OUT_OF_RANGE",
    node.start,
    `The port of ${ownerOf(scope)} is ${port}; it must be between 1 and 65535.`,
    "An agent listens on port 9090 unless its agent.yaml says otherwise.",
  );
  scope.path.pop();
  return false;
}

function reportMissingAddress(scope: Scope, block: Block): void {
  scope.path.push("address");
  addProblem(
    scope,
    "SPEC_MISSING_KEY",
    block.keyStart,
    `Agent ${quote(block.key)} has no address, so it cannot be reached.`,
    "Add address: host:9090, unix:/path, or embedded:DIR for a simulated host.",
  );
  scope.path.pop();
}

function reportTwin(scope: Scope, node: Node, address: string, twin: Block): void {
  scope.path.push("address");
  const detail = `Agents ${quote(twin.key)} (${describePlace({ source: twin.source, offset: twin.keyStart })}) and ${quote(scope.key)} have one address, ${address}: its VMs would be counted twice.`;
  addProblem(scope, "AGENT_DUPLICATE", node.start, detail, "Remove one of the two, and let its VMs name the other.");
  scope.path.pop();
}
