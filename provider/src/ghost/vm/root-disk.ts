import { hasUnknown, sameValue } from "@ghost/engine";
import type { Observation, PlanStep, VmConfig } from "@ghost/schemas";
import type { Value } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import type { Walk } from "../fleet/session.ts";
import { IMAGE_KEYS } from "./vm-values.ts";

/** True when a step makes the root disk, for the first time or anew: only then is the VM of another image afterwards. */
export function makesRootDisk({ body, changes }: Omit<PlanStep, "hash">): boolean {
  return body.action === "create" || changes.some(({ path, impact }) => impact === "data-loss" && path[0] !== "disks");
}

/**
 * Digest of the image that a step makes the root disk from: known where its agent takes it from a template, at what that
 * is pinned to, and the template stays what it is in this walk.
 */
export function newImageDigest(walk: Walk, agent: string, { templates }: Observation, step: Omit<PlanStep, "hash"> | undefined): Value {
  const config: VmConfig = step?.body.vm ?? {};
  // Once it is known, the root disk may turn out to stay.
  if (step?.body.action !== "create" && hasUnknown(config)) return UNKNOWN;
  const template = templates.find(({ name }) => name === config.template);
  if (template?.phase !== "ready" || template.digest === "" || walk.replaced.has(template.uid)) return UNKNOWN;
  if (IMAGE_KEYS.some((key) => !sameValue(config[key], template.config[key]))) return UNKNOWN;
  const planned = walk.plannedTemplates.get(`${agent}/${template.name}`);
  return planned === undefined || sameValue(planned, template.config) ? template.digest : UNKNOWN;
}
