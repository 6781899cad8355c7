import type { Diagnostic } from "@ghost/schemas";
import { createSuggest, didYouMean } from "../spec/suggest.ts";
import type { Host } from "./fleet.ts";
import { at } from "./locate.ts";
import type { Draft } from "./steps.ts";

/** Refuses names of images that the host does not have, where a root disk is to be made from one. */
export function checkImages(host: Host, drafts: readonly Draft[]): Diagnostic[] {
  const names = host.observation.host.images.map(({ name }) => name);
  if (names.length === 0) return [];
  const known = new Set(names);
  const suggest = createSuggest();
  return drafts.flatMap((draft): Diagnostic[] => {
    const image = draft.step.body.vm?.image;
    if (image === undefined || known.has(image) || !makesRootDisk(draft)) return [];
    const meant = didYouMean(suggest(image, names));
    return [
      {
        code: "IMAGE_UNKNOWN",
        severity: "error",
        detail: `Image "${image}" of VM "${draft.step.body.name}" is not in the catalogue of agent "${host.agent.name}", which has ${names.join(", ")}.`,
        hint: `${meant === undefined ? "" : `${meant} `}Another image is given with image_url and image_sha256, or image_path.`,
        path: ["vms", draft.step.body.name, "image"],
        ...at(draft.vm, ["image"]),
        agent: host.agent.name,
      },
    ];
  });
}

function makesRootDisk({ step, existing }: Draft): boolean {
  if (step.body.action === "create") return existing?.phase !== "ready";
  return step.changes.some(({ path, impact }) => impact === "data-loss" && path[0] !== "disks");
}
