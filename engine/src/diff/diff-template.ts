import { createHash } from "node:crypto";
import { AGENT_TEMPLATE_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import type { AgentTemplateConfig, Change, Diagnostic, Json, ObservedTemplate } from "@ghost/schemas";
import { canonicalJson } from "../plan/canonical.ts";

/** Raised when the projection changes shape: a plan made before is then stale, never wrongly accepted. */
const REVISION_VERSION = "v1";

/** What makes a template that an agent keeps as desired. No VM is touched: each has a disk of its own. */
export function diffTemplate(desired: AgentTemplateConfig, live: AgentTemplateConfig): Change[] {
  return AGENT_TEMPLATE_CONFIG_ATTRIBUTES.filter((name) => desired[name] !== live[name]).map((name): Change => {
    const [before, after] = [live[name], desired[name]];
    return {
      path: [name],
      op: before === undefined ? "add" : after === undefined ? "remove" : "update",
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      cause: "spec",
      impact: "none",
      reason: name === "name" ? "VMs made from it stay as they are" : "only VMs that are made later take the new image",
    };
  });
}

/** The rules that hold between a template's attributes; every one that is broken, each at its attribute. */
export function checkTemplate({ image, image_url, image_sha256, image_path }: AgentTemplateConfig): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const add = (name: string, detail: string, hint: string): void =>
    void problems.push({ code: "TEMPLATE_INVALID", severity: "error", detail, hint, path: [name] });
  const given = Object.entries({ image, image_url, image_path }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length === 0)
    add("image", "The template has no image; it needs one of image, image_url and image_path.", "Set image to a catalogue name.");
  if (given.length > 1)
    add(given[1]!, `The template has ${given.join(" and ")}; it is made from one of them.`, "Keep one and remove the others.");
  if (image_url !== undefined && image_sha256 === undefined)
    add("image_url", "image_url needs image_sha256, which is missing.", "Set image_sha256 to the digest of the file at image_url.");
  if (image !== undefined && image_sha256 !== undefined)
    add(
      "image_sha256",
      "image_sha256 is the digest of the image at image_url or image_path; the catalogue has its own.",
      "Remove image_sha256.",
    );
  return problems;
}

/** What makes a template the one that a plan was made for. */
export function projectTemplate({ uid, name, owner, config, digest }: Omit<ObservedTemplate, "revision">): Json {
  const { name: _name, ...source } = config;
  return { uid, name, owner, digest, live: source };
}

/** `v1:<hex>`: the hash of the projection. */
export function templateRevision(template: Omit<ObservedTemplate, "revision">): string {
  const hash = createHash("sha256").update(canonicalJson(projectTemplate(template)));
  return `${REVISION_VERSION}:${hash.digest("hex")}`;
}
