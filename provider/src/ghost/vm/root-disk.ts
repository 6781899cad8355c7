import { sameValue } from "@ghost/engine";
import type { Observation, PlanStep } from "@ghost/schemas";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import type { Walk } from "../fleet/session.ts";
import { IMAGE_KEYS } from "./vm-values.ts";

/** True when a step makes the root disk, for the first time or anew: only then is the VM of another image afterwards. */
export function makesRootDisk({ body, changes }: Omit<PlanStep, "hash">): boolean {
  return body.action === "create" || changes.some(({ path, impact }) => impact === "data-loss" && path[0] !== "disks");
}

/** Digest of the image that a new VM is made from: known where its template is there and stays what it is in this walk. */
export function newImageDigest(walk: Walk, agent: string, { templates }: Observation, config: Values): Value {
  const name = config["template"];
  if (typeof name !== "string" || IMAGE_KEYS.some((key) => (config[key] ?? null) !== null)) return UNKNOWN;
  const template = templates.find((one) => one.name === name);
  if (template?.phase !== "ready" || template.digest === "") return UNKNOWN;
  const planned = walk.plannedTemplates.get(`${agent}/${name}`);
  return planned === undefined || sameValue(planned, template.config) ? template.digest : UNKNOWN;
}
