/** Arbitrary values of the domain types, driven by the definitions, canonical and not. */
import { agent, AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate, codes, IMPACTS, vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import type { AgentSettings, AgentTemplateConfig, Attribute, Diagnostic, DiagnosticCode, Observation, ObservedTemplate, ObservedVm, Operation, PlanHeader, SetRecord, StepBody, VmConfig, VmSnapshot } from "@ghost/schemas";
import fc from "fast-check";
import type { VmAct } from "../vm-act.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const key = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,8}$/);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const gib = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
const instant = fc.date({ min: new Date("1970-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
const seconds = instant.map((date) => date.toISOString().replace(/\.\d+Z$/, "Z"));

function valueOf(attribute: Attribute): fc.Arbitrary<unknown> {
  if (attribute.sensitive === true) return fc.record({ version: count });
  switch (attribute.kind) {
    case "string":
      return attribute.oneOf === undefined ? text : fc.constantFrom(...attribute.oneOf);
    case "integer":
      return attribute.unit === "gib" ? gib : int32;
    case "boolean":
      return fc.boolean();
    case "list":
      return fc.array(valueOf(attribute.of), { maxLength: 3 });
    case "map":
      return fc.dictionary(key, valueOf(attribute.of), { maxKeys: 3 });
    case "object":
      return objectOf(Object.entries(attribute.attributes));
  }
}

function objectOf(attributes: readonly (readonly [string, Attribute])[]): fc.Arbitrary<unknown> {
  return fc.record(Object.fromEntries(attributes.map(([name, attribute]) => [name, valueOf(attribute)])), { requiredKeys: [], noNullPrototype: true });
}

/** Drops what is canonically absent. Written apart from the converters, as the law they are held to. */
export function canonical<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([name, own]) => own !== undefined && !(isCollection(name) && Object.keys(own as object).length === 0));
  return Object.fromEntries(entries.map(([name, own]) => [name, canonical(own)])) as T;
}

function isCollection(name: string): boolean {
  return ["disks", "networks", "labels", "metadata", "ssh_keys", "packages"].includes(name);
}

export const vmConfig = objectOf(VM_CONFIG_ATTRIBUTES.map((name) => [name, vm.attributes[name]] as const)) as fc.Arbitrary<VmConfig>;
export const settings = objectOf(Object.entries(agent.attributes.settings.attributes)) as fc.Arbitrary<AgentSettings>;

const templateConfig = objectOf(
  AGENT_TEMPLATE_CONFIG_ATTRIBUTES.map((name) => [name, agentTemplate.attributes[name]] as const),
) as fc.Arbitrary<AgentTemplateConfig>;

export const diagnostic: fc.Arbitrary<Diagnostic> = fc.record(
  {
    code: fc.constantFrom(...(Object.keys(codes) as DiagnosticCode[])),
    severity: fc.constantFrom("error", "warning"),
    detail: text,
    hint: text.filter((hint) => hint !== ""),
    path: fc.array(fc.oneof(key, fc.nat(1000)), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ["code", "severity", "detail"], noNullPrototype: true },
);

export const observedVm: fc.Arbitrary<ObservedVm> = fc.record(
  {
    uid: text,
    name: text,
    owner: text,
    live: vmConfig.map(canonical),
    applied: vmConfig.map(canonical),
    defaults: vmConfig.map(canonical),
    pending: fc.oneof(fc.constant({}), vmConfig.map(canonical)),
    status: fc.constantFrom("running", "stopped", "paused", "error"),
    statusReason: text,
    revision: text,
    ipAddress: text,
    imageDigest: text,
    planHash: text,
    gitCommit: text,
    appliedAt: instant,
    createdAt: instant,
    startedAt: instant,
    diskIds: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
    macs: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
    guestAgent: fc.boolean(),
    phase: fc.constantFrom("ready", "creating", "deleting"),
    foreignDisks: fc.array(key, { minLength: 1, maxLength: 3 }),
    isAwaited: fc.boolean(),
  },
  {
    requiredKeys: [
      "uid",
      "name",
      "owner",
      "live",
      "applied",
      "defaults",
      "pending",
      "status",
      "statusReason",
      "revision",
      "ipAddress",
      "imageDigest",
      "planHash",
      "gitCommit",
      "diskIds",
      "macs",
      "guestAgent",
      "phase",
      "isAwaited",
    ],
    noNullPrototype: true,
  },
);

/** Its name is told once, and an empty source is none. */
export const observedTemplate: fc.Arbitrary<ObservedTemplate> = fc
  .record(
    {
      uid: text,
      name: text,
      owner: text,
      config: templateConfig,
      digest: text,
      sizeBytes: count,
      revision: text,
      phase: fc.constantFrom("ready", "creating"),
      createdAt: instant,
      appliedAt: instant,
    },
    { requiredKeys: ["uid", "name", "owner", "config", "digest", "sizeBytes", "revision", "phase"], noNullPrototype: true },
  )
  .map((template) => ({
    ...template,
    config: { ...Object.fromEntries(Object.entries(template.config).filter(([, value]) => value !== "")), name: template.name },
  }));

export const operation: fc.Arbitrary<Operation> = fc.record(
  {
    id: text,
    stepId: text,
    kind: text,
    action: text,
    name: text,
    uid: text,
    planHash: text,
    owner: text,
    state: fc.constantFrom("pending", "running", "succeeded", "failed", "cancelled", "interrupted"),
    phase: text,
    bytesDone: count,
    bytesTotal: count,
    diagnostics: fc.array(diagnostic, { maxLength: 2 }),
    vm: observedVm,
    template: observedTemplate,
    createdAt: instant,
    endedAt: instant,
    noop: fc.boolean(),
    attempt: int32,
  },
  {
    requiredKeys: ["id", "stepId", "kind", "action", "name", "uid", "planHash", "owner", "state", "phase", "bytesDone", "bytesTotal", "diagnostics", "noop", "attempt"],
    noNullPrototype: true,
  },
);

export const setRecord: fc.Arbitrary<SetRecord> = fc.record(
  {
    stack: text,
    serial: count,
    members: fc.array(
      fc.record(
        { kind: fc.constantFrom("vm", "template"), name: text, uid: text, agentId: text, until: seconds, otherNames: fc.array(text, { minLength: 1, maxLength: 2 }) },
        { requiredKeys: ["kind", "name", "uid", "agentId"], noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    agents: fc.array(fc.record({ agentId: text, name: text, address: text }, { noNullPrototype: true }), { maxLength: 3 }),
    digest: text.filter((digest) => digest !== ""),
    membersOmitted: fc.constant(true),
  },
  { requiredKeys: ["stack", "serial", "members", "agents"], noNullPrototype: true },
);

const resources = fc.record({ vcpu: int32, ram_gb: gib, disk_gb: gib }, { noNullPrototype: true });

export const observation: fc.Arbitrary<Observation> = fc.record(
  {
    host: fc.record(
      {
        agentId: text,
        name: text,
        version: text,
        hypervisor: text,
        total: resources,
        reserved: resources,
        available: resources,
        capabilities: fc.record(
          {
            vcpu_plug: fc.boolean(),
            vcpu_unplug: fc.boolean(),
            ram_balloon: fc.boolean(),
            disk_plug: fc.boolean(),
            disk_grow: fc.boolean(),
            network_plug: fc.boolean(),
            kvm: fc.boolean(),
          },
          { noNullPrototype: true },
        ),
        settings: settings.map(canonical),
        images: fc.array(fc.record({ name: text, digest: text, cached: fc.boolean(), sizeBytes: count }, { noNullPrototype: true }), { maxLength: 2 }),
        networks: fc.record(
          { networks: fc.array(text, { maxLength: 2 }), bridges: fc.array(text, { maxLength: 2 }) },
          { noNullPrototype: true },
        ),
      },
      {
        requiredKeys: ["agentId", "name", "version", "hypervisor", "total", "reserved", "available", "capabilities", "settings", "images"],
        noNullPrototype: true,
      },
    ),
    vms: fc.array(observedVm, { maxLength: 2 }),
    templates: fc.array(observedTemplate, { maxLength: 2 }),
    operations: fc.array(operation, { maxLength: 1 }),
    set: setRecord,
  },
  { requiredKeys: ["host", "vms", "templates", "operations"], noNullPrototype: true },
);

export const stepBody: fc.Arbitrary<StepBody> = fc.record(
  {
    id: text,
    agent_id: text,
    kind: fc.constantFrom("vm", "template", "agent"),
    action: fc.constantFrom("create", "update", "delete", "adopt", "release", "settings"),
    name: text,
    uid: text,
    revision: text,
    impact: fc.constantFrom(...IMPACTS),
    vm: vmConfig.map(canonical),
    defaults: vmConfig.map(canonical),
    settings: settings.map(canonical),
    template: templateConfig,
    previous_name: text.filter((name) => name !== ""),
  },
  { requiredKeys: ["id", "agent_id", "kind", "action", "name", "uid", "revision", "impact"], noNullPrototype: true },
);

export const planHeader: fc.Arbitrary<PlanHeader> = fc.record(
  {
    format: int32,
    owner: text,
    spec_hash: text,
    steps_root: text,
    document_hash: text,
    step_count: int32,
    max_impact: fc.constantFrom(...IMPACTS),
    expires_at: seconds,
    git_commit: text,
  },
  { noNullPrototype: true },
);

const filled = text.filter((value) => value !== "");

export const vmSnapshot: fc.Arbitrary<VmSnapshot> = fc.record(
  {
    name: text,
    description: text,
    createdAt: instant,
    status: fc.constantFrom("running", "paused", "stopped"),
    parent: filled,
    isCurrent: fc.boolean(),
  },
  { requiredKeys: ["name", "description", "createdAt", "status", "isCurrent"], noNullPrototype: true },
);

export const vmAct: fc.Arbitrary<VmAct> = fc.record(
  {
    operationId: filled,
    vm: text,
    action: fc.constantFrom("restart", "suspend", "resume", "snapshot-create", "snapshot-revert", "snapshot-delete"),
    snapshot: filled,
    description: filled,
    maxImpact: fc.constantFrom(...IMPACTS),
  },
  { requiredKeys: ["operationId", "vm", "action"], noNullPrototype: true },
);
