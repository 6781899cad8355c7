/** What must hold between the values of a VM, and between VMs; the values themselves are right. */
import { NAME_DOC, NAME_PATTERN } from "@ghost/schemas";
import { checkConfig } from "./check-config.ts";
import { listNames, quote } from "./display.ts";
import { findPlace } from "./origins.ts";
import type { Reading } from "./scope.ts";
import type { Sections } from "./sections.ts";
import type { Place } from "./source.ts";
import { describePlace } from "./source.ts";
import { didYouMean } from "./suggest.ts";
import type { ResolvedVm } from "./vm-blocks.ts";

const NAME = new RegExp(NAME_PATTERN, "u");

/** Checks every VM by itself and against the others. */
export function checkVms(reading: Reading, sections: Sections, vms: readonly ResolvedVm[]): void {
  const taken: Taken = { names: new Map(), macs: new Map(), formerNames: new Map() };
  for (const vm of vms) {
    checkAgent(reading, sections, vm);
    checkValues(reading, vm);
    checkAddresses(reading, vm, taken);
    checkName(reading, vm, taken);
    checkFormerNames(reading, vm, taken);
  }
}

interface Taken {
  readonly names: Map<string, ResolvedVm>;
  /** By agent and address. */
  readonly macs: Map<string, { readonly vm: ResolvedVm; readonly card: string }>;
  readonly formerNames: Map<string, ResolvedVm>;
}

function checkAgent({ report, suggest }: Reading, { agents }: Sections, vm: ResolvedVm): void {
  if (vm.agent !== "") {
    if (agents.has(vm.agent)) return;
    const hint =
      didYouMean(suggest(vm.agent, agents.keys())) ??
      (agents.size === 0 ? "Declare it under agents:." : `The spec has these: ${listNames([...agents.keys()])}.`);
    report.add("SPEC_UNKNOWN_REFERENCE", placeOf(vm, ["agent"]), `There is no agent ${quote(vm.agent)}.`, {
      hint,
      path: pathOf(vm, "agent"),
    });
  } else if (!isWritten(vm, ["agent"]) && vm.block.node.kind === "map") {
    const hint =
      agents.size === 0
        ? "Declare one under agents:, and add agent: NAME."
        : `Add agent: ${[...agents.keys()][0]}${agents.size === 1 ? "" : `; the spec has these: ${listNames([...agents.keys()])}`}`;
    report.add("SPEC_MISSING_KEY", blockPlace(vm), `VM ${quote(vm.key)} does not say which agent runs it.`, {
      hint,
      path: pathOf(vm, "agent"),
    });
  }
}

/** What is told once for the VM comes from `checkConfig`; here it gets its places. */
function checkValues({ report }: Reading, vm: ResolvedVm): void {
  const problems = checkConfig(vm.config, {
    name: vm.key,
    isSet: (path) => isWritten(vm, path),
    // What is taken over is there already, and may have no image that anybody knows.
    needsImage: !vm.adopt && vm.isComplete,
  });
  for (const { code, path, with: first, for: needs = [], sentence, hint } of problems) {
    const place = first === undefined ? placeOf(vm, needs) : placeOf(vm, path);
    const where = first === undefined ? "" : ` (${describePlace(placeOf(vm, first))} and ${describePlace(place)})`;
    report.add(code, place, `${sentence}${where}.`, { hint, path: pathOf(vm, ...path) });
  }
}

function checkAddresses(all: Reading, vm: ResolvedVm, { macs }: Taken): void {
  if (vm.config.networks === undefined) return;
  for (const [name, card] of Object.entries(vm.config.networks)) {
    if (card.mac === undefined) continue;
    const key = `${vm.agent} ${card.mac}`;
    const other = macs.get(key);
    macs.set(key, other ?? { vm, card: name });
    if (other === undefined) continue;
    const first = placeOf(other.vm, ["networks", other.card, "mac"]);
    const hint =
      other.vm.block === vm.block && other.vm !== vm
        ? "Replicas cannot share an address: remove mac, and each gets its own."
        : "Remove one of the two; a card without mac gets its own address.";
    all.report.add(
      "SPEC_CONFLICT",
      placeOf(vm, ["networks", name, "mac"]),
      `VM ${quote(vm.name)} and VM ${quote(other.vm.name)} (${describePlace(first)}) have the MAC address ${card.mac} on one host.`,
      { hint, path: pathOf(vm, "networks", name, "mac") },
    );
  }
}

function checkName({ report }: Reading, vm: ResolvedVm, { names }: Taken): void {
  const other = names.get(vm.name);
  if (other === undefined) names.set(vm.name, vm);
  else {
    const [plain, made] = vm.index === undefined ? [vm, other] : [other, vm];
    const detail = `${describeMaker(other)} (${describePlace(blockPlace(other))}) and ${describeMaker(vm)} (${describePlace(blockPlace(vm))}) both make a VM ${quote(vm.name)}.`;
    report.add("SPEC_NAME_COLLISION", blockPlace(vm), detail, {
      hint: `Rename the block ${quote(plain.key)} or ${quote(made.key)}.`,
      path: ["vms", vm.key],
    });
  }
  if (vm.index === undefined || NAME.test(vm.name) || !NAME.test(vm.key)) return;
  report.add(
    "SPEC_BAD_NAME",
    blockPlace(vm),
    `Replica ${vm.index} of ${quote(vm.key)} would be named ${quote(vm.name)}, which has ${vm.name.length} characters; a name has ${NAME_DOC}.`,
    { hint: "Shorten the name of the block.", path: ["vms", vm.key] },
  );
}

function checkFormerNames({ report }: Reading, vm: ResolvedVm, { formerNames }: Taken): void {
  for (const name of vm.previousNames) {
    const other = formerNames.get(name);
    formerNames.set(name, other ?? vm);
    // Of the replicas of one block, the first takes it: so a block gets its replicas.
    if (other === undefined || other.block === vm.block) continue;
    const detail = `VM ${quote(vm.name)} and VM ${quote(other.name)} (${describePlace(placeOf(other, ["previous_names"]))}) both were ${quote(name)} before; one VM cannot become two.`;
    report.add("SPEC_CONFLICT", placeOf(vm, ["previous_names"]), detail, {
      hint: "Remove it from one of them.",
      path: pathOf(vm, "previous_names"),
    });
  }
}

function describeMaker(vm: ResolvedVm): string {
  return vm.index === undefined ? `the block ${quote(vm.key)}` : `replica ${vm.index} of ${quote(vm.key)}`;
}

function isWritten(vm: ResolvedVm, path: readonly string[]): boolean {
  return findPlace(path, vm.block, vm.template) !== undefined;
}

function placeOf(vm: ResolvedVm, path: readonly string[]): Place {
  return findPlace(path, vm.block, vm.template) ?? blockPlace(vm);
}

function blockPlace({ block }: ResolvedVm): Place {
  return { source: block.source, offset: block.keyStart };
}

function pathOf(vm: ResolvedVm, ...path: readonly string[]): readonly string[] {
  return ["vms", vm.key, ...path];
}
