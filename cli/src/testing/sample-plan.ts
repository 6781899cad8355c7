/** Plans for the tests of everything that shows one. */
import type { Change, Impact, PlanAgent, PlanDocument, PlanStep, StepAction, StepKind, VmConfig } from "@ghost/schemas";
import { PLAN_FORMAT_VERSION, worstImpact } from "@ghost/schemas";

const HASH = `sha256:${"0".repeat(64)}`;

export const desk: PlanAgent = {
  name: "desk",
  address: "desk.example:9090",
  timeout_s: 10,
  reachable: true,
  agent_id: "6f6d0f5c-0000-4000-8000-000000000001",
  version: "0.1.0",
  hypervisor: "simulated",
  total: { vcpu: 16, ram_gb: 64, disk_gb: 1000 },
  reserved: { vcpu: 2, ram_gb: 4, disk_gb: 50 },
  available: { vcpu: 8, ram_gb: 40, disk_gb: 700 },
  available_after: { vcpu: 1, ram_gb: 26.5, disk_gb: 660 },
};

const nas: PlanAgent = {
  ...desk,
  name: "nas",
  address: "unix:/run/ghost/nas.sock",
  agent_id: "6f6d0f5c-0000-4000-8000-000000000002",
};

const attic: PlanAgent = {
  name: "attic",
  address: "attic.example:9090",
  timeout_s: 10,
  reachable: false,
  agent_id: "",
  version: "",
  hypervisor: "",
};

interface StepFacts {
  readonly agent?: string;
  readonly kind?: StepKind;
  readonly action: StepAction;
  readonly name: string;
  readonly impact?: Impact;
  readonly reason: string;
  readonly changes?: readonly Change[];
  readonly vm?: VmConfig;
  readonly depends_on?: readonly string[];
  readonly previous_name?: string;
}

export function step({
  agent = "desk",
  kind = "vm",
  action,
  name,
  impact = "none",
  reason,
  changes = [],
  vm,
  depends_on = [],
  previous_name,
}: StepFacts): PlanStep {
  const id = `${agent}/${kind}/${name}`;
  return {
    id,
    agent,
    body: {
      id,
      agent_id: desk.agent_id,
      kind,
      action,
      name,
      uid: "0b8e4c1e-0000-4000-8000-000000000003",
      revision: action === "create" ? "" : "1:0123",
      impact,
      ...(vm === undefined ? {} : { vm }),
      ...(previous_name === undefined ? {} : { previous_name }),
    },
    hash: HASH,
    impact,
    reason,
    changes,
    depends_on,
  };
}

export function change(path: string, facts: Partial<Change> = {}): Change {
  return {
    path: path.split("."),
    op: "update",
    cause: "spec",
    impact: "none",
    reason: "kept by the agent; the guest does not see it",
    ...facts,
  };
}

export function planOf(steps: readonly PlanStep[], more: Partial<PlanDocument> = {}): PlanDocument {
  const count = (action: StepAction): number => steps.filter(({ body }) => body.action === action).length;
  return {
    type: "plan",
    format_version: PLAN_FORMAT_VERSION,
    ghost_version: "0.1.0",
    created_at: "2026-01-02T03:04:05Z",
    stack: "shop",
    plan_hash: HASH,
    header: {
      format: 1,
      owner: "spec:shop",
      spec_hash: HASH,
      steps_root: HASH,
      document_hash: HASH,
      step_count: steps.length,
      max_impact: "data-loss",
      expires_at: "2026-01-03T03:04:05Z",
      git_commit: "",
    },
    summary: {
      create: count("create"),
      update: count("update"),
      delete: count("delete"),
      adopt: count("adopt"),
      release: count("release"),
      settings: count("settings"),
      unchanged: 7,
      unknown: more.unknown?.length ?? 0,
      drifted: steps.filter(({ changes }) => changes.some(({ cause }) => cause === "drift")).length,
      worst_impact: worstImpact(steps.map(({ impact }) => impact)),
    },
    agents: [desk],
    steps,
    unknown: [],
    diagnostics: [],
    set: { serial: 3, members: [], agents: [] },
    ...more,
  };
}

/** A plan with one of everything. */
export function samplePlan(): PlanDocument {
  const steps = [
    step({
      kind: "agent",
      action: "settings",
      name: "desk",
      reason: "settings differ",
      changes: [change("labels.room", { op: "add", after: "office", reason: "a setting of the agent; no VM is touched" })],
    }),
    step({
      action: "create",
      name: "web-2",
      reason: "not on its agent yet",
      changes: [
        change("cloud_init.user_data", { op: "add", after: "#cloud-config\npackages:\n\t- nginx\n" }),
        change("image", { op: "add", after: "debian-12" }),
        change("labels.role", { op: "add", after: "web" }),
        change("networks.lan", { op: "add", after: { network: "default" } }),
        change("ram_gb", { op: "add", after: 4 }),
        change("vcpu", { op: "add", after: 2 }),
      ],
      depends_on: ["desk/vm/db-main"],
    }),
    step({
      action: "update",
      name: "db-main",
      impact: "restart",
      reason: "vcpu: 9 is above the running machine's vcpu_max (8)",
      changes: [
        change("vcpu", { before: 4, after: 9, impact: "restart", reason: "9 is above the running machine's vcpu_max (8)" }),
        change("cloud_init.user_data", {
          before: "#cloud-config\ntimezone: Europe/Berlin\nlocale: de_DE\na: 1\nb: 2\nc: 3\n",
          after: "#cloud-config\ntimezone: UTC\nlocale: de_DE\na: 1\nb: 2\nc: 3\n",
          impact: "next-boot",
          reason: "cloud-init runs again at the next boot (cloud_init_on_change: next-boot)",
        }),
        change("cloud_init.password", {
          before: { version: 1 },
          after: { version: 2 },
          impact: "next-boot",
          sensitive: true,
          reason: "cloud-init runs again at the next boot (cloud_init_on_change: next-boot)",
        }),
        change("ram_gb", {
          before: 6,
          after: 8,
          last_applied: 8,
          cause: "drift",
          impact: "live",
          reason: "8 GiB is within ram_max_gb (16 GiB)",
        }),
        change("labels.example/tier", { op: "remove", before: "gold" }),
      ],
    }),
    step({
      action: "delete",
      name: "old\u001b[31m",
      impact: "data-loss",
      reason: "its block left the spec; its disks root and data are deleted",
    }),
    step({ agent: "nas", action: "adopt", name: "files", reason: "belongs to nobody; adopt is set" }),
    step({
      agent: "nas",
      action: "update",
      name: "cache",
      previous_name: "cache-1",
      impact: "restart",
      reason: "name: a rename needs the guest down",
      changes: [change("name", { before: "cache-1", after: "cache", impact: "restart", reason: "a rename needs the guest down" })],
    }),
  ];
  return planOf(steps, {
    agents: [desk, nas, attic],
    unknown: [
      { agent: "attic", kind: "vm", name: "backup", uid: "0b8e4c1e-0000-4000-8000-000000000009", reason: "its agent cannot be reached" },
    ],
    diagnostics: [
      {
        code: "AGENT_UNREACHABLE",
        severity: "warning",
        agent: "attic",
        detail: 'Agent "attic" at attic.example:9090 does not answer.',
        hint: "Start the agent.",
      },
    ],
  });
}
