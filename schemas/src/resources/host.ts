import type { Attribute, Attributes } from "../resource.ts";

const computed = { mode: "computed", change: "none" } as const;

function resources(doc: string): Attribute {
  return {
    ...computed,
    kind: "object",
    doc,
    attributes: {
      vcpu: { ...computed, kind: "integer", doc: "Processors." },
      ram_gb: { ...computed, kind: "integer", unit: "gib", doc: "Memory." },
      disk_gb: { ...computed, kind: "integer", unit: "gib", doc: "Disk space." },
    },
  };
}

/** What an agent tells of its host beside its settings. Nothing of it can be written. */
export const hostAttributes: Attributes = {
  version: { ...computed, kind: "string", doc: "Version of Ghost that the agent runs." },
  hypervisor: { ...computed, kind: "string", doc: "What runs the VMs: simulated or libvirt." },
  total: resources("What the host has."),
  reserved: resources("What is kept for the host's owner: the larger of agent.yaml and the settings."),
  available: resources("What new VMs may still take."),
  capabilities: {
    ...computed,
    kind: "object",
    doc: "What the hypervisor can do while a guest runs.",
    attributes: {
      vcpu_plug: { ...computed, kind: "boolean", doc: "Add processors." },
      vcpu_unplug: { ...computed, kind: "boolean", doc: "Take processors away." },
      ram_balloon: { ...computed, kind: "boolean", doc: "Change memory within ram_max_gb, up and down." },
      disk_plug: { ...computed, kind: "boolean", doc: "Add and remove disks." },
      disk_grow: { ...computed, kind: "boolean", doc: "Grow disks." },
      network_plug: { ...computed, kind: "boolean", doc: "Add and remove network cards." },
      kvm: { ...computed, kind: "boolean", doc: "Run guests on the processor itself." },
    },
  },
};

/** An image of the host's catalogue. */
export const imageAttributes: Attributes = {
  digest: { ...computed, kind: "string", doc: "Digest that the name stands for now; empty while it is not known." },
  cached: { ...computed, kind: "boolean", doc: "Whether the image is on the host already." },
  size_bytes: { ...computed, kind: "integer", doc: "Size of the image in bytes; 0 when it is not known." },
};
