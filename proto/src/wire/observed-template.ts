import type { AgentTemplateConfig, ObservedTemplate, TemplatePhase } from "@ghost/schemas";
import type { Template as TemplateMessage } from "../../gen/ghost/host/v1/host.ts";
import { requireOneOf } from "./require.ts";

export function observedTemplateToWire({ config, ...template }: ObservedTemplate): TemplateMessage {
  return {
    name: template.name,
    image: config.image ?? "",
    digest: template.digest,
    owner: template.owner,
    uid: template.uid,
    revision: template.revision,
    image_url: config.image_url ?? "",
    image_sha256: config.image_sha256 ?? "",
    image_path: config.image_path ?? "",
    size_bytes: template.sizeBytes,
    phase: template.phase,
    created_at: template.createdAt,
    applied_at: template.appliedAt,
  };
}

/** Throws AGENT_VERSION for a phase that only another version knows. */
export function observedTemplateFromWire(message: TemplateMessage): ObservedTemplate {
  const { name, image, image_url, image_sha256, image_path } = message;
  const config: AgentTemplateConfig = {
    name,
    ...(image !== "" && { image }),
    ...(image_url !== "" && { image_url }),
    ...(image_sha256 !== "" && { image_sha256 }),
    ...(image_path !== "" && { image_path }),
  };
  return {
    uid: message.uid,
    name,
    owner: message.owner,
    config,
    digest: message.digest,
    sizeBytes: message.size_bytes,
    revision: message.revision,
    phase: requireOneOf(message.phase, PHASES, "AGENT_VERSION", `The phase of template "${name}"`),
    ...(message.created_at !== undefined && { createdAt: message.created_at }),
    ...(message.applied_at !== undefined && { appliedAt: message.applied_at }),
  };
}

const PHASES = ["ready", "creating"] as const satisfies readonly TemplatePhase[];
