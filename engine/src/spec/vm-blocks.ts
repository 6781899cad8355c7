import type { VmConfig } from "@ghost/schemas";
import { template, vm } from "@ghost/schemas";
import type { DesiredVm, Origin } from "../desired.ts";
import { decodeObject, decodeValue } from "./decode.ts";
import { listNames, quote } from "./display.ts";
import type { Fields } from "./fields.ts";
import { fieldsOf } from "./fields.ts";
import type { Values } from "./merge.ts";
import { mergeVm, toCanonical } from "./merge.ts";
import { traceOrigins } from "./origins.ts";
import type { Reading, Scope } from "./scope.ts";
import { addProblem, openScope } from "./scope.ts";
import type { Block, Sections } from "./sections.ts";
import { absolutePath } from "./source.ts";
import { didYouMean } from "./suggest.ts";
import { findEntry } from "./text/tree.ts";

/** VMs that one spec may make, replicas counted: more is a slip of the keyboard. */
const MAX_VMS = 100_000;

export const VM_FIELDS: Fields = fieldsOf(vm.attributes, ["name"]);
const TEMPLATE_FIELDS: Fields = fieldsOf(template.attributes);

/** Keys of a VM that belong to the spec and are not part of its configuration. */
const SPEC_KEYS: ReadonlySet<string> = new Set(["agent", "replicas", "depends_on", "previous_names", "adopt"]);

const VM_HINTS: ReadonlyMap<string, string> = new Map([["name", "A VM's name is the key of its block."]]);
const TEMPLATE_HINTS: ReadonlyMap<string, string> = new Map(
  [...VM_FIELDS.keys()]
    .filter((key) => !TEMPLATE_FIELDS.has(key))
    .map((key) => [key, `"${key}" is each VM's own: set it on the VMs that use the template.`]),
);

/** A block read for one VM. */
interface Layer {
  readonly block: Block;
  readonly values: Values;
  readonly secrets: Readonly<Record<string, string>> | undefined;
  readonly usesIndex: boolean;
}

/** A VM with the blocks that it is made of, so that a check can point at the place of a value. */
export interface ResolvedVm extends DesiredVm {
  readonly block: Block;
  readonly template: Block | undefined;
  /** False when a value is missing only because it is wrong, or its template is not there. */
  readonly isComplete: boolean;
  /** References as they are written, for the hash: the same in every checkout. */
  readonly writtenSecrets: Readonly<Record<string, string>>;
}

/** Where each value is from is worked out when it is asked for: a plan of 10,000 unchanged VMs never does. */
class LazyVm implements ResolvedVm {
  readonly name: string;
  readonly key: string;
  declare readonly index?: number;
  readonly agent: string;
  readonly config: VmConfig;
  readonly dependsOn: readonly string[];
  readonly previousNames: readonly string[];
  readonly adopt: boolean;
  readonly secrets: Readonly<Record<string, string>>;
  readonly #layers: Layers;

  constructor(name: string, index: number | undefined, config: Values, layers: Layers) {
    const { own, inherited } = layers;
    const { values } = own;
    this.name = name;
    this.key = own.block.key;
    if (index !== undefined) this.index = index;
    this.agent = (values["agent"] as string | undefined) ?? "";
    this.config = config as VmConfig;
    this.dependsOn = (values["depends_on"] as readonly string[] | undefined) ?? NONE;
    this.previousNames = (values["previous_names"] as readonly string[] | undefined) ?? NONE;
    this.adopt = values["adopt"] === true;
    this.secrets = resolveSecrets(own, inherited);
    this.#layers = layers;
  }

  get block(): Block {
    return this.#layers.own.block;
  }

  get template(): Block | undefined {
    return this.#layers.inherited?.block;
  }

  get isComplete(): boolean {
    return this.#layers.isComplete;
  }

  get writtenSecrets(): Readonly<Record<string, string>> {
    const { own, inherited } = this.#layers;
    return { ...inherited?.secrets, ...own.secrets };
  }

  get origins(): Readonly<Record<string, Origin>> {
    return traceOrigins(VM_FIELDS, this.block, this.template);
  }
}

const NONE: readonly never[] = [];
const NO_SECRETS: Readonly<Record<string, string>> = {};

/** Every VM of the spec, replicas made, in the order of the files. */
export function resolveVms(reading: Reading, sections: Sections): readonly ResolvedVm[] {
  const templates = new Map<string, Layer>();
  for (const block of sections.templates.values()) templates.set(block.key, readTemplate(reading, block, 1));
  const vms: ResolvedVm[] = [];
  for (const block of sections.vms.values()) {
    if (!resolveBlock(reading, block, templates, vms)) break;
  }
  return vms;
}

/** False when the spec makes too many VMs to go on. */
function resolveBlock(reading: Reading, block: Block, templates: ReadonlyMap<string, Layer>, vms: ResolvedVm[]): boolean {
  const count = readReplicas(reading, block);
  if (vms.length + (count ?? 1) > MAX_VMS) {
    const place = { source: block.source, offset: block.keyStart };
    reading.report.add("SPEC_TOO_LARGE", place, `With this block the spec makes more than ${MAX_VMS} VMs.`, {
      hint: "Lower the number of replicas.",
      path: ["vms", block.key],
    });
    return false;
  }
  const first = readLayers(reading, block, templates, count === undefined ? undefined : 1);
  if (count === undefined) vms.push(new LazyVm(block.key, undefined, first.config, first));
  for (let index = 1; index <= (count ?? 0); index++) {
    const layers = index > 1 && first.usesIndex ? readLayers(reading, block, templates, index) : first;
    const name = `${block.key}-${index}`;
    vms.push(new LazyVm(name, index, { ...layers.config, name }, layers));
  }
  return true;
}

/** What a VM is made of; replicas share it where the number does not matter. */
interface Layers {
  readonly own: Layer;
  readonly inherited: Layer | undefined;
  /** Named like the block. */
  readonly config: Values;
  readonly usesIndex: boolean;
  readonly isComplete: boolean;
}

function readLayers(reading: Reading, block: Block, templates: ReadonlyMap<string, Layer>, index: number | undefined): Layers {
  const scope = openScope(reading, { source: block.source, section: "vms", key: block.key, index, hints: VM_HINTS });
  const values = decodeObject(scope, VM_FIELDS, block.node);
  const own: Layer = { block, values: values ?? {}, secrets: scope.secrets, usesIndex: scope.usesIndex };
  const named = own.values["template"] as string | undefined;
  const found = named === undefined ? undefined : templates.get(named);
  if (named !== undefined && found === undefined) reportTemplate(scope, block, named, templates);
  const inherited = found?.usesIndex === true ? readTemplate(reading, found.block, index, block.key) : found;
  const first = { name: block.key };
  return {
    own,
    inherited,
    config:
      inherited === undefined
        ? toCanonical(own.values, first, SPEC_KEYS)
        : mergeVm(VM_FIELDS, inherited.values, own.values, first, SPEC_KEYS),
    usesIndex: own.usesIndex || found?.usesIndex === true,
    isComplete:
      values !== undefined && (found !== undefined || block.node.kind !== "map" || findEntry(block.node, "template") === undefined),
  };
}

/** By itself a template is read as for a first replica; `${index}` is wrong only in a VM that has none. */
function readTemplate(reading: Reading, block: Block, index: number | undefined, vmKey?: string): Layer {
  const forVm = index === undefined ? vmKey : undefined;
  const scope = openScope(reading, { source: block.source, section: "templates", key: block.key, forVm, index, hints: TEMPLATE_HINTS });
  const values = decodeObject(scope, TEMPLATE_FIELDS, block.node) ?? {};
  return { block, values, secrets: scope.secrets, usesIndex: scope.usesIndex };
}

/** The number of replicas; undefined without the key, 1 when its value is wrong. */
function readReplicas(reading: Reading, block: Block): number | undefined {
  const entry = block.node.kind === "map" ? findEntry(block.node, "replicas") : undefined;
  if (entry === undefined) return undefined;
  const scope = openScope(reading, { source: block.source, section: "vms", key: block.key });
  scope.path.push("replicas");
  return (decodeValue(scope, VM_FIELDS.get("replicas")!, entry.value) as number | undefined) ?? 1;
}

function reportTemplate(scope: Scope, block: Block, name: string, templates: ReadonlyMap<string, Layer>): void {
  const entry = block.node.kind === "map" ? findEntry(block.node, "template") : undefined;
  const names = [...templates.keys()];
  const hint =
    didYouMean(scope.suggest(name, names)) ??
    (names.length === 0 ? "Declare it under templates:." : `The spec has these: ${listNames(names)}.`);
  scope.path.push("template");
  addProblem(scope, "SPEC_UNKNOWN_REFERENCE", entry?.value.start ?? block.keyStart, `There is no template ${quote(name)}.`, hint);
  scope.path.pop();
}

/** The VM's references over its template's, a file's path made absolute from where it is written. */
function resolveSecrets(own: Layer, inherited: Layer | undefined): Readonly<Record<string, string>> {
  if (own.secrets === undefined && inherited?.secrets === undefined) return NO_SECRETS;
  const secrets: Record<string, string> = {};
  for (const layer of [inherited, own]) {
    for (const [path, reference] of Object.entries(layer?.secrets ?? NO_SECRETS)) {
      secrets[path] = reference.startsWith("file:")
        ? `file:${absolutePath(layer!.block.source, reference.slice("file:".length))}`
        : reference;
    }
  }
  return secrets;
}
