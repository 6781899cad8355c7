/*
 * The plan of a VM whose agent cannot be asked yet, because something of it is not known.
 *
 * (1) Terraform plans once more while it applies, and nobody looks at that plan: what it may do is said and checked
 *     here.
 * (2) It is the engine's plan of the VM as it was last read, on a host that can change nothing while a machine runs:
 *     what is done is that or milder, since a VM that has moved is refused then.
 * (3) Of a VM that is to be made nothing is lost: what is configured is planned, and the rest is not known.
 */
import { BUILTIN_DEFAULTS, planOneVm, UNKNOWN as ENGINE_UNKNOWN } from "@ghost/engine";
import type { OneVmPlan } from "@ghost/engine";
import type { AgentTemplateConfig, Observation, ObservedVm, VmConfig, VmStatus } from "@ghost/schemas";
import { compareImpact, MISSING_DOMAIN, SAVED_DOMAIN } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import { newValues, sameValues } from "../../faces/values.ts";
import type { Diagnostic, PlanAnswer, PlanRequest } from "../../protocol6/provider.ts";
import type { Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { hasError, toTerraform } from "../fleet/diagnostics.ts";
import type { Walk } from "../fleet/session.ts";
import { configured } from "./planned-config.ts";
import { makesRootDisk } from "./root-disk.ts";
import { secretWarnings } from "./secrets.ts";
import { setMaxImpact, TAKE_OVER, withOwnHint } from "./vm-hints.ts";
import type { Seen, VmPrivate } from "./vm-private.ts";
import { VM_SCHEMA } from "./vm-schema.ts";
import type { FindTemplate } from "./vm-values.ts";
import { toConfigPath, toDesiredVm, toVmConfig } from "./vm-values.ts";
import { impactWarnings } from "./vm-warnings.ts";

/** Never asks an agent. */
export function planUnknown(walk: Walk, { prior, proposed, config }: PlanRequest, priorPrivate: VmPrivate): PlanAnswer {
  if (prior !== null && sameValues(prior, proposed) && priorPrivate.seen?.is_awaited !== true)
    return { planned: prior, private: priorPrivate };
  const planned = configured(config!, prior === null ? BUILTIN_DEFAULTS : {});
  for (const [name, schema] of Object.entries(VM_SCHEMA.attributes)) {
    const isOpen = (config![name] ?? null) === null && schema.computed === true && name !== "adopt";
    // Whether it is a VM that is taken over, and what that one has, is not known.
    if (isOpen) planned[name] = UNKNOWN;
  }
  if (prior === null) return { planned: newValues(Object.entries(planned)), private: priorPrivate };
  planned["uid"] = prior["uid"] ?? UNKNOWN;
  const { steps, diagnostics } = planLastRead(walk, prior, config!, priorPrivate.seen);
  if (hasError(diagnostics)) return { planned: proposed, diagnostics };
  if (!steps.some(makesRootDisk)) planned["image_digest"] = prior["image_digest"] ?? null;
  const warnings = steps.flatMap((step) => impactWarnings(step));
  const isFelt = steps.some(({ impact }) => compareImpact(impact, "live") > 0);
  return {
    planned: newValues(Object.entries(planned)),
    private: priorPrivate,
    diagnostics: [...(isFelt ? [notAsked(prior)] : []), ...diagnostics, ...warnings],
  };
}

/** What becomes of the VM as it was last read. */
function planLastRead(
  walk: Walk,
  prior: Values,
  config: Values,
  seen: Seen | undefined,
): { readonly steps: OneVmPlan["steps"]; readonly diagnostics: readonly Diagnostic[] } {
  const owner = walk.owner ?? textOf(prior["owner"]);
  const existing = seen === undefined ? fromState(prior) : fromSeen(prior, seen);
  const agent = textOf(prior["agent"]);
  const name = typeof config["name"] === "string" ? config["name"] : existing.name;
  const { steps, diagnostics } = planOneVm({
    agent: { name: agent, address: "", timeoutMs: 0, settings: {}, at: { file: "", line: 0, column: 0 } },
    observation: anyHost(agent, seen?.agent_id ?? "", existing),
    owner,
    vm: toDesiredVm(config, agent, name, templatesOf(existing.live)),
    existing,
    newUid: () => "",
    maxImpact: walk.settings.maxImpact,
    setMaxImpact,
  });
  const worst = steps[0]?.changes[0]?.path;
  const found = [...diagnostics.map((one) => withOwnHint(one, TAKE_OVER)), ...secretWarnings(config, steps)];
  return { steps, diagnostics: found.map((one) => toTerraform(one, worst && toConfigPath(worst))) };
}

function fromSeen(
  prior: Values,
  { projection, revision, defaults, guest_agent: guestAgent, is_awaited: isAwaited = false }: Seen,
): ObservedVm {
  const { live, pending, status, saved, owner, disk_ids: diskIds, foreign_disks: foreignDisks, name } = projection as unknown as Projection;
  return {
    ...NOTHING_MORE,
    uid: textOf(prior["uid"]),
    name,
    owner,
    live,
    applied: live,
    defaults,
    pending,
    status,
    // Whether its hypervisor lost it, only the agent can say.
    statusReason: status === "error" ? MISSING_DOMAIN : saved === true ? SAVED_DOMAIN : "",
    revision,
    diskIds,
    guestAgent,
    ...(foreignDisks && { foreignDisks }),
    isAwaited,
  };
}

/** What a revision is made of. */
interface Projection extends Pick<ObservedVm, "name" | "owner" | "live" | "pending"> {
  readonly status: VmStatus;
  readonly disk_ids: ObservedVm["diskIds"];
  readonly foreign_disks?: readonly string[];
  readonly saved?: boolean;
}

/** Of a VM that was stored and never read. */
function fromState(prior: Values): ObservedVm {
  const live = toVmConfig(prior, () => undefined);
  return {
    ...NOTHING_MORE,
    uid: textOf(prior["uid"]),
    name: textOf(prior["name"]),
    owner: textOf(prior["owner"]),
    live,
    applied: live,
    defaults: BUILTIN_DEFAULTS,
    status: "running",
  };
}

const NOTHING_MORE = {
  pending: {},
  statusReason: "",
  revision: "",
  ipAddress: "",
  imageDigest: "",
  planHash: "",
  gitCommit: "",
  diskIds: {},
  macs: {},
  guestAgent: false,
  phase: "ready",
  isAwaited: false,
} as const;

/** A template that the VM was made from counts as unchanged: that the VM keeps its image is planned, so that nothing else can be done. */
function templatesOf(live: VmConfig): FindTemplate {
  return (name) => {
    if (name !== live.template) return { name, image: ENGINE_UNKNOWN } as unknown as AgentTemplateConfig;
    const { image, image_url, image_sha256, image_path } = live;
    return Object.fromEntries(
      Object.entries({ name, image, image_url, image_sha256, image_path }).filter(([, value]) => value !== undefined),
    ) as AgentTemplateConfig;
  };
}

/** A host that has room for everything and can change nothing while a machine runs. */
function anyHost(name: string, agentId: string, existing: ObservedVm): Observation {
  const plenty = { vcpu: Number.MAX_SAFE_INTEGER, ram_gb: Number.MAX_SAFE_INTEGER, disk_gb: Number.MAX_SAFE_INTEGER };
  const capabilities = {
    vcpu_plug: false,
    vcpu_unplug: false,
    ram_balloon: false,
    disk_plug: false,
    disk_grow: false,
    network_plug: false,
    kvm: false,
  };
  return {
    host: {
      agentId,
      name,
      version: "",
      hypervisor: "",
      total: plenty,
      reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 },
      available: plenty,
      capabilities,
      settings: {},
      images: [],
    },
    vms: [existing],
    templates: [],
    operations: [],
  };
}

function notAsked(prior: Values): Diagnostic {
  return {
    severity: "warning",
    summary: `VM "${textOf(prior["name"])}" is planned without its agent`,
    detail:
      "How its agent is reached is not known yet. What the plan says of the VM is by what Terraform last read of it, with the worst that a host could make of it: what is done when the plan is applied is that or milder.",
    path: ["agent"],
  };
}
