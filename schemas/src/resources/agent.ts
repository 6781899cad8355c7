import type { ResourceType, SpecOf, ValueOf } from "../resource.ts";
import { NAME_DOC, NAME_PATTERN, PRINTABLE_PATTERN } from "./vm.ts";

export const agent = {
  type: "agent",
  version: 1,
  summary: "A host that runs VMs: how to reach its agent, and the settings the agent keeps.",
  example: "agents/ghost.yaml",
  attributes: {
    name: {
      kind: "string",
      mode: "required",
      change: "none",
      pattern: NAME_PATTERN,
      patternDoc: NAME_DOC,
      doc: "Name of the agent in this spec; in a spec it is the key of the block.",
    },
    address: {
      kind: "string",
      mode: "required",
      change: "none",
      pattern: "^(unix:[^\\u0000-\\u001f]+|embedded:[^\\u0000-\\u001f]+|(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5})$",
      patternDoc: "host:port, unix:/path or embedded:DIR",
      doc: "Where the agent answers: host:port, unix:/path, or embedded:DIR for one that runs on this machine with a simulated host.",
    },
    tls: {
      kind: "object",
      mode: "optional",
      change: "none",
      specOnly: true,
      doc: "Certificates of the connection; a relative path starts at the spec's folder.",
      attributes: {
        ca: {
          kind: "string",
          mode: "optional",
          change: "none",
          pattern: PRINTABLE_PATTERN,
          doc: "Certificate authority that signed the agent's certificate.",
        },
        cert: { kind: "string", mode: "optional", change: "none", pattern: PRINTABLE_PATTERN, doc: "Certificate shown to the agent." },
        key: { kind: "string", mode: "optional", change: "none", pattern: PRINTABLE_PATTERN, doc: "Private key of that certificate." },
        server_name: {
          kind: "string",
          mode: "optional",
          change: "none",
          pattern: PRINTABLE_PATTERN,
          doc: "Name to expect in the agent's certificate, where it differs from the address.",
        },
      },
    },
    timeout_s: {
      kind: "integer",
      unit: "s",
      mode: "optional",
      change: "none",
      specOnly: true,
      min: 1,
      max: 600,
      default: 10,
      doc: "How long the agent may take to answer a question.",
    },
    settings: {
      kind: "object",
      mode: "optional",
      change: "none",
      doc: "What the agent keeps and enforces; absent values are left as they are.",
      attributes: {
        labels: {
          kind: "map",
          mode: "optional",
          change: "none",
          keyPattern: "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$",
          keyDoc: "1 to 63 letters, digits and inner . _ / -",
          doc: "Labels of the host.",
          of: { kind: "string", mode: "optional", change: "none", pattern: PRINTABLE_PATTERN, maxLength: 255, doc: "A label's value." },
        },
        reserved_vcpu: {
          kind: "integer",
          mode: "optional",
          change: "none",
          min: 0,
          max: 4096,
          doc: "Processors kept for the host's owner; the larger of this and agent.yaml holds.",
        },
        reserved_ram_gb: {
          kind: "integer",
          unit: "gib",
          mode: "optional",
          change: "none",
          min: 0,
          max: 65536,
          doc: "Memory kept for the host's owner; the larger of this and agent.yaml holds.",
        },
        reserved_disk_gb: {
          kind: "integer",
          unit: "gib",
          mode: "optional",
          change: "none",
          min: 0,
          max: 1048576,
          doc: "Disk space kept for the host's owner; the larger of this and agent.yaml holds.",
        },
        schedulable: { kind: "boolean", mode: "optional", change: "none", doc: "Whether new VMs may be placed here." },
      },
    },
    agent_id: { kind: "string", mode: "computed", change: "none", doc: "Identity of the agent, made when it first started." },
  },
} as const satisfies ResourceType;

export type AgentSpec = SpecOf<typeof agent>;
/** The part of an agent that is diffed and kept by the agent. */
export type AgentSettings = ValueOf<(typeof agent)["attributes"]["settings"]>;
