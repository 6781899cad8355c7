/**
 * JSON Schema of the plan document (`PlanDocument`), strict: what it does not name is refused. VM configurations and
 * agent settings come from the resource definitions; the rest is written here, and `object<T>` makes the compiler compare
 * its keys with the types in plan.ts: a field that only one side knows does not compile.
 */
import type { Diagnostic, SourceLocation } from "../diagnostic.ts";
import { codes } from "../diagnostic.ts";
import { IMPACTS } from "../impact.ts";
import type { Resources, SetAgent, SetMember } from "../observed.ts";
import type {
  Change,
  PlanAgent,
  PlanDocument,
  PlanHeader,
  PlanSetCopy,
  PlanStep,
  PlanSummary,
  PlanTls,
  PlanUnknown,
  StepBody,
} from "../plan.ts";
import { PLAN_FORMAT_VERSION } from "../plan.ts";
import type { Attribute } from "../resource.ts";
import { AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate } from "../resources/agent-template.ts";
import { agent } from "../resources/agent.ts";
import { vm } from "../resources/vm.ts";
import { VM_CONFIG_ATTRIBUTES } from "../vm-config.ts";
import type { JsonSchema } from "./json-schema.ts";
import { attributeSchema, objectSchema, schemaDocument } from "./json-schema.ts";

export function planSchema(): JsonSchema {
  return schemaDocument("plan", "A Ghost plan", {
    ...object<PlanDocument>({
      type: { const: "plan" },
      format_version: describe("Version of this document's shape.", { const: PLAN_FORMAT_VERSION }),
      ghost_version: describe("Version of Ghost that made the plan.", text),
      created_at: time,
      stack: text,
      plan_hash: describe("SHA-256 of the header's canonical form; what an approval approves.", text),
      header: ref("header"),
      summary: ref("summary"),
      agents: list(ref("agent")),
      steps: list(ref("step")),
      unknown: list(ref("unknown")),
      diagnostics: describe("An error here means that the plan cannot be applied.", list(ref("diagnostic"))),
      set: ref("set"),
    }),
    $defs: {
      impact: describe("What a change does to the running machine, from harmless to worst.", { enum: IMPACTS }),
      vm_config: objectSchema(vmConfigAttributes(), "plan"),
      agent_template: objectSchema(templateConfigAttributes(), "plan"),
      agent_settings: attributeSchema(agent.attributes.settings, "plan"),
      header,
      summary,
      tls: object<PlanTls>({}, { ca: text, cert: text, key: text, server_name: text }),
      resources: object<Resources>({ vcpu: number, ram_gb: number, disk_gb: number }),
      agent: planAgent,
      change,
      body,
      step,
      unknown: unknownObject,
      diagnostic,
      set,
    },
  });
}

function vmConfigAttributes(): Readonly<Record<string, Attribute>> {
  return Object.fromEntries(VM_CONFIG_ATTRIBUTES.map((name) => [name, vm.attributes[name]]));
}

function templateConfigAttributes(): Readonly<Record<string, Attribute>> {
  return Object.fromEntries(AGENT_TEMPLATE_CONFIG_ATTRIBUTES.map((name) => [name, agentTemplate.attributes[name]]));
}

const text: JsonSchema = { type: "string" };
const flag: JsonSchema = { type: "boolean" };
const number: JsonSchema = { type: "number" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const time = describe("RFC 3339, UTC.", { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$" });
const anyJson = (description: string): JsonSchema => ({ description });

const header = describe(
  "The bound part: agents refuse a step that does not belong to it.",
  object<PlanHeader>({
    format: { type: "integer" },
    owner: text,
    spec_hash: text,
    steps_root: text,
    document_hash: describe("SHA-256 of everything that the plan says outside its header.", text),
    step_count: count,
    max_impact: ref("impact"),
    expires_at: time,
    git_commit: text,
  }),
);

const summary = object<PlanSummary>({
  create: count,
  update: count,
  delete: count,
  adopt: count,
  release: count,
  settings: count,
  unchanged: count,
  unknown: count,
  drifted: describe("Objects with at least one change caused by drift.", count),
  worst_impact: ref("impact"),
});

const planAgent = object<PlanAgent>(
  {
    name: text,
    address: text,
    timeout_s: number,
    reachable: flag,
    agent_id: describe("Empty when it did not answer.", text),
    version: text,
    hypervisor: text,
  },
  {
    tls: ref("tls"),
    total: ref("resources"),
    reserved: ref("resources"),
    available: describe("Available before the plan.", ref("resources")),
    available_after: describe("Available once the plan is applied.", ref("resources")),
  },
);

const change = object<Change>(
  {
    path: describe("Attribute path.", list(text)),
    op: { enum: ["add", "remove", "update"] },
    cause: describe("`drift`: the spec did not change, the machine did.", { enum: ["spec", "drift"] }),
    impact: ref("impact"),
    reason: describe("The fact that decides the impact.", text),
  },
  {
    before: anyJson("Live value; with `pending` the one that is stored for the next boot."),
    after: anyJson("Value wanted; absent when removed or not known yet."),
    last_applied: anyJson("Present when the live value is not what was last applied."),
    sensitive: flag,
    unknown: describe("The new value is known only after another change.", flag),
    pending: describe("The running machine has `after`; `before` is stored for its next boot.", flag),
  },
);

const body = describe(
  "What is hashed, sent to the agent, and bound: an agent does this or nothing.",
  object<StepBody>(
    {
      id: text,
      agent_id: text,
      kind: { enum: ["vm", "template", "agent"] },
      action: { enum: ["create", "update", "delete", "adopt", "release", "settings"] },
      name: text,
      uid: text,
      revision: describe("Revision that the object must have; empty for a create.", text),
      impact: ref("impact"),
    },
    {
      vm: ref("vm_config"),
      defaults: ref("vm_config"),
      settings: ref("agent_settings"),
      template: ref("agent_template"),
      previous_name: text,
    },
  ),
);

const step = object<PlanStep>(
  {
    id: text,
    agent: describe("Name of the agent in the spec.", text),
    body: ref("body"),
    hash: text,
    impact: ref("impact"),
    reason: text,
    changes: list(ref("change")),
    depends_on: describe("Ids of steps that must have succeeded before.", list(text)),
  },
  {
    secrets: describe("Where each secret's value comes from, by attribute path; never the value.", {
      type: "object",
      additionalProperties: text,
    }),
    projection: anyJson("The projection behind body.revision."),
    owner: describe("Live owner, where it is not the plan's own.", text),
  },
);

const unknownObject = describe(
  "An object whose home could not be asked: neither created, nor placed elsewhere, nor deleted.",
  object<PlanUnknown>({ agent: text, kind: { enum: ["vm", "template"] }, name: text, uid: text, reason: text }),
);

const diagnostic = object<Diagnostic>(
  { code: { enum: Object.keys(codes) }, severity: { enum: ["error", "warning"] }, detail: text },
  {
    hint: text,
    // Keys, and positions in lists.
    path: { type: "array" },
    at: object<SourceLocation>({ file: text, line: count, column: count }),
    sourceLine: text,
    agent: text,
  },
);

const set = describe(
  "What the stack's set record becomes.",
  object<PlanDocument["set"]>(
    {
      serial: count,
      members: list(
        object<SetMember>(
          { kind: { enum: ["vm", "template"] }, name: text, uid: text, agentId: text },
          {
            until: describe("Until when a plan may still make or rename it.", time),
            otherNames: describe("Names that it has instead while a rename is not known to have succeeded.", list(text)),
          },
        ),
      ),
      agents: list(object<SetAgent>({ agentId: text, name: text, address: text })),
    },
    {
      outdated: describe("Reachable agents whose copy of the record is another one.", list(text)),
      copies: describe(
        "The copies of reachable agents as the plan found them: none is replaced that is another one by then.",
        list(object<PlanSetCopy>({ agent: text, serial: count, digest: text })),
      ),
    },
  ),
);

function describe(description: string, schema: JsonSchema): JsonSchema {
  return { description, ...schema };
}

function ref(definition: string): JsonSchema {
  return { $ref: `#/$defs/${definition}` };
}

function list(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
type Properties<K extends PropertyKey> = { readonly [P in K]: JsonSchema };

function object<T>(required: Properties<Exclude<keyof T, OptionalKeys<T>>>, ...[optional]: OptionalArguments<T>): JsonSchema {
  const keys = Object.keys(required);
  return {
    type: "object",
    additionalProperties: false,
    ...(keys.length === 0 ? {} : { required: keys }),
    properties: { ...required, ...optional },
  };
}

/** Nothing where the type has no optional field. */
type OptionalArguments<T> = [OptionalKeys<T>] extends [never] ? [] : [optional: Properties<OptionalKeys<T>>];
