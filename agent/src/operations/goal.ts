import { diffSettings, diffTemplate, findAwaited, isActive } from "@ghost/engine";
import type { ObservedTemplate, ObservedVm } from "@ghost/schemas";
import { changesOf, findPresent, requireConfig } from "./context.ts";
import type { Workshop } from "./context.ts";
import type { Intent } from "./intent.ts";
import { observeTemplate } from "./observed-template.ts";

/** How an object stands to what an intent wants of it. */
export interface Standing {
  /** What is not as the intent wants it, each as a clause; empty when the goal is reached. */
  readonly missing: readonly string[];
  readonly vm?: ObservedVm;
  readonly template?: ObservedTemplate;
}

/** Whether everything that an intent wants is so, whoever did it. Reads only; ask under the object's lock. */
export async function standingOf(workshop: Workshop, intent: Intent): Promise<Standing> {
  if (intent.kind === "agent") {
    const { settings = {} } = intent;
    return { missing: diffSettings(settings, workshop.store.settings).map(({ path }) => path.join(".")) };
  }
  if (intent.kind === "template") {
    const record = workshop.store.templates.get(intent.uid);
    const template = record === undefined ? undefined : observeTemplate(record);
    return { missing: missingOfTemplate(intent, template), ...(template !== undefined && { template }) };
  }
  const vm = (await findPresent(workshop, intent.uid))?.vm;
  const missing = await missingOf(workshop, intent, vm);
  return { missing, ...(vm !== undefined && { vm }) };
}

async function missingOf(workshop: Workshop, intent: Intent, vm: ObservedVm | undefined): Promise<readonly string[]> {
  switch (intent.action) {
    case "delete":
      return vm === undefined ? [] : ["it is there"];
    case "release":
      return vm?.owner === intent.owner ? [`it belongs to ${intent.owner}`] : [];
    case "create":
    case "update":
    case "adopt": {
      if (vm === undefined) return ["it is gone"];
      if (vm.owner !== intent.owner) return [vm.owner === "" ? "it belongs to nobody" : `it belongs to ${vm.owner}`];
      if (vm.phase !== "ready") return [`it is ${vm.phase}`];
      const awaited = findAwaited(vm.live, vm);
      const changes = await changesOf(workshop, vm, requireConfig(intent));
      return [...changes.map(({ path }) => path.join(".")), ...(awaited === undefined ? [] : [`it was not seen ready since (${awaited})`])];
    }
    case "restart":
    case "start":
      return vm?.status === "running" ? [] : ["it does not run"];
    case "stop":
      return vm !== undefined && isActive(vm.status) ? ["it runs"] : [];
    // Nobody promised that what a person did stays so.
    case "suspend":
    case "resume":
    case "snapshot-create":
    case "snapshot-revert":
    case "snapshot-delete":
    case "settings":
      return [];
  }
}

function missingOfTemplate({ action, owner, template: wanted = {} }: Intent, template: ObservedTemplate | undefined): readonly string[] {
  if (action === "delete") return template === undefined ? [] : ["it is there"];
  if (action === "release") return template?.owner === owner ? [`it belongs to ${owner}`] : [];
  if (template === undefined) return ["it is gone"];
  if (template.owner !== owner) return [template.owner === "" ? "it belongs to nobody" : `it belongs to ${template.owner}`];
  return diffTemplate(wanted, template.config).map(({ path }) => path.join("."));
}
