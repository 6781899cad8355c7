import { templateRevision } from "@ghost/engine";
import type { ObservedTemplate } from "@ghost/schemas";
import type { TemplateRecord } from "../store/records.ts";

/** A template as plans see it: nobody but the agent has it, so its record is what is. */
export function observeTemplate({
  uid,
  name,
  owner,
  config,
  digest,
  sizeBytes,
  phase,
  createdAt,
  appliedAt,
}: TemplateRecord): ObservedTemplate {
  const template = { uid, name, owner, config, digest, sizeBytes, phase, createdAt, ...(appliedAt !== undefined && { appliedAt }) };
  return { ...template, revision: templateRevision(template) };
}

/** Every template that an agent keeps, by name. */
export function observeTemplates(records: ReadonlyMap<string, TemplateRecord>): readonly ObservedTemplate[] {
  return [...records.values()].map(observeTemplate).sort((a, b) => (a.name < b.name ? -1 : 1));
}
