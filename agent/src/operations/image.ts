/** Which image a disk is made from, and that it is the right one. */
import { sameValue } from "@ghost/engine";
import type { AgentTemplateConfig, VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { CallOptions, Hypervisor, ImageSource } from "../hypervisor/driver.ts";
import type { Store } from "../store/store.ts";
import type { Intent } from "./intent.ts";

const DIGEST = "sha256:";

/**
 * Where the image of a VM's root disk comes from; undefined for one that starts empty. IMAGE_MISSING when it is to come
 * from a template that the agent does not keep.
 *
 * In Terraform `template` names a template of the agent, which gives the image where the VM has none, or has the one
 * that the template is made from: then at the digest that the template is pinned to. A spec has resolved its own
 * templates before it planned, so that a name says nothing here any more: what its plan showed without an image gets
 * none.
 */
export function vmImage(
  { owner, name }: Pick<Intent, "owner" | "name">,
  config: VmConfig,
  store: Pick<Store, "findTemplateByName">,
): ImageSource | undefined {
  const own = imageSource(config);
  if (config.template === undefined || !owner.startsWith("terraform:")) return own;
  const template = store.findTemplateByName(config.template);
  if (own !== undefined && (template?.phase !== "ready" || !sameValue(own, imageSource(template.config)))) return own;
  if (template?.phase !== "ready")
    throw problem(
      "IMAGE_MISSING",
      `VM "${name}" is made from the template "${config.template}", which the agent ${template === undefined ? "does not keep" : "has not finished making"}.`,
      {
        hint: "Make the template first (a ghost_template on the same agent), or give the VM an image of its own.",
        path: ["vms", name, "template"],
      },
    );
  return templateSource(template.config, template.digest);
}

/** The source of a template's image; with a digest, of exactly that content. */
export function templateSource(config: AgentTemplateConfig, digest?: string): ImageSource {
  const source = imageSource(config) ?? { name: "" };
  if (digest === undefined) return source;
  return "name" in source ? { ...source, digest } : { ...source, sha256: digest.slice(DIGEST.length) };
}

/** Makes sure that the image is on the host and is what was asked for. IMAGE_MISSING when its digest is another one. */
export async function pinnedImage(
  hypervisor: Pick<Hypervisor, "ensureImage">,
  source: ImageSource,
  options: CallOptions,
): Promise<{ digest: string; sizeBytes?: number }> {
  const image = await hypervisor.ensureImage(source, options);
  const wanted = "name" in source ? source.digest : source.sha256 === undefined ? undefined : DIGEST + source.sha256;
  if (wanted === undefined || image.digest === wanted) return image;
  const from = "name" in source ? source.name : "url" in source ? source.url : source.path;
  throw problem("IMAGE_MISSING", `The image from ${from} has the digest ${image.digest}, and ${wanted} is wanted.`, {
    hint: "Look at what is there now; to take it, give its digest, or make the template anew.",
  });
}

function imageSource({ image, image_url, image_path, image_sha256 }: AgentTemplateConfig): ImageSource | undefined {
  if (image !== undefined) return { name: image };
  if (image_url !== undefined) return { url: image_url, sha256: image_sha256 ?? "" };
  if (image_path !== undefined) return { path: image_path, ...(image_sha256 !== undefined && { sha256: image_sha256 }) };
  return undefined;
}
