/*
 * What is done to a template: a name on record, pinned to the digest of an image in the host's cache.
 *
 * (1) Making one, or giving it another image, fetches the image first; the digest is on record only once the content
 *     is there and is the one that was asked for.
 * (2) Until then a new template is `creating`, and one that gets another image stays what it was.
 * (3) VMs have disks of their own: nothing here touches one, and no image is ever deleted here.
 */
import { describeDifference, diffTemplate, projectTemplate } from "@ghost/engine";
import type { AgentTemplateConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { TemplateRecord } from "../../store/records.ts";
import type { Attempt, Outcome } from "../context.ts";
import { pinnedImage, templateSource } from "../image.ts";
import { observeTemplate } from "../observed-template.ts";
import { validateTemplate } from "../validate.ts";

/** Carries out a step on a template under its lock. */
export async function changeTemplate(attempt: Attempt): Promise<Outcome> {
  const { intent, store } = attempt;
  const present = store.templates.get(intent.uid);
  switch (intent.action) {
    case "create":
      return await create(attempt, present);
    case "update":
      return await change(attempt, requirePresent(attempt, present));
    case "adopt":
      return await change(attempt, requirePresent(attempt, present));
    case "release":
      return release(attempt, present);
    case "delete":
      return drop(attempt, present);
    case "settings":
    case "restart":
    case "start":
    case "stop":
    case "suspend":
    case "resume":
    case "snapshot-create":
    case "snapshot-revert":
    case "snapshot-delete":
      throw problem("PLAN_MISMATCH", `The step ${intent.stepId} is about a template and says ${intent.action}.`, {
        hint: "Plan again with the same version of Ghost as the agent's.",
      });
  }
}

async function create(attempt: Attempt, present: TemplateRecord | undefined): Promise<Outcome> {
  const { intent, store, now } = attempt;
  const config = requireConfig(attempt);
  if (present !== undefined) refuseForeign(attempt, present);
  if (present?.phase === "ready") {
    // An earlier attempt of this plan made it.
    if (diffTemplate(config, present.config).length === 0) return unchanged(present);
    throw problem("TEMPLATE_EXISTS", `Template "${present.name}" (${intent.uid}) exists already and is not as this create wants it.`, {
      hint: "Plan again; the new plan changes the template instead of making it.",
      path: ["templates", intent.name],
    });
  }
  await requireFreeName(attempt);
  const createdAt = now();
  const creating: TemplateRecord = {
    uid: intent.uid,
    name: intent.name,
    owner: intent.owner,
    ownedSince: createdAt,
    config,
    digest: "",
    sizeBytes: 0,
    planHash: intent.planHash,
    gitCommit: intent.gitCommit,
    phase: "creating",
    createdAt,
  };
  await attempt.begin({ template: creating });
  try {
    return concluded(attempt, { ...creating, ...(await fetch(attempt, config)), phase: "ready" });
  } catch (reason) {
    // A record that cannot be dropped now stays `creating`: the next attempt or the next start drops it.
    await store.write({ dropTemplate: intent.uid }).catch(() => undefined);
    throw reason;
  }
}

/** Brings a template to the step's values; an adopted one gets its owner with them. */
async function change(attempt: Attempt, present: TemplateRecord): Promise<Outcome> {
  const { intent, now } = attempt;
  const config = requireConfig(attempt);
  const changes = diffTemplate(config, present.config);
  const isOwn = present.owner === intent.owner;
  if (changes.length === 0 && isOwn && present.phase === "ready") return unchanged(present);
  if (intent.action !== "adopt") refuseForeign(attempt, present);
  refuseStale(attempt, present);
  await requireFreeName(attempt);
  // A new name alone leaves the digest as it is pinned.
  const isSourceSame = present.phase === "ready" && changes.every(({ path }) => path[0] === "name");
  let pinned: Pick<TemplateRecord, "digest" | "sizeBytes"> = present;
  if (!isSourceSame) {
    await attempt.begin({});
    pinned = await fetch(attempt, config);
  }
  const { digest, sizeBytes } = pinned;
  return concluded(attempt, {
    ...present,
    name: intent.name,
    ...(!isOwn && { owner: intent.owner, ownedSince: now() }),
    config,
    digest,
    sizeBytes,
    phase: "ready",
  });
}

function release(attempt: Attempt, present: TemplateRecord | undefined): Outcome {
  if (present === undefined) return { noop: true };
  if (present.owner === "") return unchanged(present);
  refuseForeign(attempt, present);
  refuseStale(attempt, present);
  return concluded(attempt, { ...present, owner: "", ownedSince: attempt.now() });
}

function drop(attempt: Attempt, present: TemplateRecord | undefined): Outcome {
  if (present === undefined) return { noop: true };
  refuseForeign(attempt, present);
  refuseStale(attempt, present);
  attempt.progress({ phase: "delete" });
  return { noop: false, dropTemplate: present.uid };
}

async function fetch(
  { hypervisor, signal, progress }: Attempt,
  config: AgentTemplateConfig,
): Promise<Pick<TemplateRecord, "digest" | "sizeBytes">> {
  progress({ phase: "image" });
  const { digest, sizeBytes = 0 } = await pinnedImage(hypervisor, templateSource(config), { signal, onProgress: progress });
  signal.throwIfAborted();
  return { digest, sizeBytes };
}

function unchanged(present: TemplateRecord): Outcome {
  return { noop: true, observedTemplate: observeTemplate(present) };
}

function concluded({ intent, now }: Attempt, record: TemplateRecord): Outcome {
  const template: TemplateRecord = { ...record, planHash: intent.planHash, gitCommit: intent.gitCommit, appliedAt: now() };
  return { noop: false, template, observedTemplate: observeTemplate(template) };
}

function requireConfig({ intent }: Attempt): AgentTemplateConfig {
  const { template, name, stepId, action } = intent;
  if (template === undefined || template.name !== name)
    throw problem(
      "PLAN_MISMATCH",
      template === undefined
        ? `The step ${stepId} says ${action} and carries no template.`
        : `The step ${stepId} is about "${name}" and carries the template "${template.name ?? ""}".`,
      { hint: "Plan again with the same version of Ghost as the agent's." },
    );
  validateTemplate(template);
  return template;
}

function requirePresent({ intent }: Attempt, present: TemplateRecord | undefined): TemplateRecord {
  if (present !== undefined) return present;
  throw problem("TEMPLATE_NOT_FOUND", `Template "${intent.name}" (${intent.uid}) is not on this agent any more.`, {
    hint: "Plan again; the new plan makes it anew if it is still wanted.",
    path: ["templates", intent.name],
  });
}

/** TEMPLATE_EXISTS when another one has the name; one of this owner that was not made to its end gives it up. */
async function requireFreeName({ intent, store }: Attempt): Promise<void> {
  const other = store.findTemplateByName(intent.name);
  if (other === undefined || other.uid === intent.uid) return;
  if (other.phase === "creating" && other.owner === intent.owner) return await store.write({ dropTemplate: other.uid });
  const whose = other.owner === "" ? "belongs to nobody" : `belongs to ${other.owner} since ${other.ownedSince.toISOString()}`;
  throw problem("TEMPLATE_EXISTS", `The agent has a template named "${intent.name}" already; it ${whose}.`, {
    hint: "Choose another name, or take that one over.",
    path: ["templates", intent.name],
  });
}

function refuseForeign({ intent }: Attempt, { name, owner, ownedSince }: TemplateRecord): void {
  if (owner === intent.owner) return;
  const whose = owner === "" ? "belongs to nobody" : `belongs to ${owner} since ${ownedSince.toISOString()}`;
  throw problem("OWNED_BY_OTHER", `Template "${name}" ${whose}; ${intent.owner} must not ${intent.action} it.`, {
    hint: "Take it over first, or choose another name.",
    path: ["templates", name],
  });
}

/** PLAN_STALE when the template is not the one that the plan was made for, with what moved where that is known. */
function refuseStale({ intent }: Attempt, present: TemplateRecord): void {
  const template = observeTemplate(present);
  const { promise } = intent;
  if (promise === undefined || promise.revision === template.revision) return;
  const moved = promise.projection === undefined ? [] : describeDifference(promise.projection, projectTemplate(template));
  throw problem(
    "PLAN_STALE",
    `Template "${template.name}" is not as it was when the plan was made${moved.length === 0 ? "" : `: ${moved.join("; ")}`}. The step was not started.`,
    { hint: "Plan again and look at what the new plan says.", path: ["templates", template.name] },
  );
}
