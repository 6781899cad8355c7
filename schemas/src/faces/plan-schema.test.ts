import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { PlanDocument } from "../plan.ts";
import { planSchema } from "./plan-schema.ts";

const validate = new Ajv2020({ allErrors: true }).compile(planSchema());

/** Every field of the document at least once. */
const sample: PlanDocument = {
  type: "plan",
  format_version: "1.0",
  ghost_version: "0.1.0",
  created_at: "2026-01-02T03:04:05.678Z",
  stack: "shop",
  plan_hash: "sha256:1",
  header: {
    format: 1,
    owner: "spec:shop",
    spec_hash: "sha256:2",
    steps_root: "sha256:3",
    document_hash: "sha256:4",
    step_count: 1,
    max_impact: "restart",
    expires_at: "2026-01-02T04:04:05Z",
    git_commit: "",
  },
  summary: {
    create: 0,
    update: 1,
    delete: 0,
    adopt: 0,
    release: 0,
    settings: 0,
    unchanged: 3,
    unknown: 1,
    drifted: 1,
    worst_impact: "restart",
  },
  agents: [
    {
      name: "desk",
      address: "desk:9090",
      tls: { ca: "/pki/ca.pem", cert: "/pki/ci.pem", key: "/pki/ci.key", server_name: "desk" },
      timeout_s: 10,
      reachable: true,
      agent_id: "a1",
      version: "0.1.0",
      hypervisor: "simulated",
      total: { vcpu: 8, ram_gb: 31.25, disk_gb: 500 },
      reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 },
      available: { vcpu: 8, ram_gb: 31.25, disk_gb: 500 },
      available_after: { vcpu: 4, ram_gb: 23.25, disk_gb: 480 },
    },
  ],
  steps: [
    {
      id: "desk/vm/web",
      agent: "desk",
      body: {
        id: "desk/vm/web",
        agent_id: "a1",
        kind: "vm",
        action: "update",
        name: "web",
        uid: "u1",
        revision: "r1",
        impact: "restart",
        vm: { name: "web", vcpu: 4, ram_gb: 7.5, disks: { data: { size_gb: 10 } }, cloud_init: { password: { version: 2 } } },
        defaults: { power: "running" },
        settings: { labels: { room: "office" }, schedulable: true },
        previous_name: "www",
      },
      hash: "sha256:4",
      impact: "restart",
      reason: "vcpu 4 is above vcpu_max (2)",
      changes: [
        {
          path: ["vcpu"],
          op: "update",
          before: 2,
          after: 4,
          last_applied: 2,
          cause: "spec",
          impact: "restart",
          reason: "above vcpu_max (2)",
        },
        { path: ["cloud_init", "password"], op: "add", cause: "spec", impact: "none", reason: "ignored", sensitive: true, unknown: true },
      ],
      depends_on: ["desk/vm/db"],
      secrets: { "cloud_init.password": "env:PW" },
      projection: { vcpu: 2 },
      owner: "terraform:shop",
    },
  ],
  unknown: [{ agent: "loft", kind: "vm", name: "x", uid: "u2", reason: "loft did not answer" }],
  diagnostics: [
    {
      code: "AGENT_UNREACHABLE",
      severity: "error",
      detail: "loft does not answer.",
      hint: "Start it.",
      path: ["vms", "web", "ssh_keys", 0],
      at: { file: "ghost.yaml", line: 3, column: 5 },
      sourceLine: "  loft:",
      agent: "loft",
    },
  ],
  set: {
    serial: 4,
    members: [{ kind: "vm", name: "web", uid: "u1", agentId: "a1" }],
    agents: [{ agentId: "a1", name: "desk", address: "desk:9090" }],
    outdated: ["desk"],
  },
};

suite("planSchema", () => {
  test("accepts a document with every field", () => {
    assert.ok(validate(sample), JSON.stringify(validate.errors, undefined, 1));
  });

  test("refuses any field it does not name, wherever it stands", () => {
    for (const [path, document] of withStranger(sample)) {
      // Free JSON, and maps whose keys are names.
      if (/\/(projection|secrets|path|labels|disks)$/.test(path)) continue;
      assert.equal(validate(document), false, `a stranger in ${path} passes`);
    }
  });

  test("refuses a document without one of its top-level fields", () => {
    for (const key of Object.keys(sample)) {
      const { [key as keyof PlanDocument]: _, ...rest } = sample;
      assert.equal(validate(rest), false, `a plan without ${key} passes`);
    }
  });

  test("refuses an impact that does not exist", () => {
    assert.equal(validate({ ...sample, summary: { ...sample.summary, worst_impact: "harmless" } }), false);
  });
});

/** The document once for each object in it, with a key that does not belong there. */
function* withStranger(value: unknown, path = ""): Generator<[string, unknown]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, { ...value, stranger: 1 }];
  for (const [key, child] of Object.entries(value)) {
    for (const [childPath, changed] of withStranger(child, `${path}/${key}`)) {
      yield [childPath, Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }];
    }
  }
}
