import type { Capabilities, Observation, ObservedHost, ObservedImage, Resources } from "@ghost/schemas";
import type {
  Capabilities as CapabilitiesMessage,
  Host as HostMessage,
  Image as ImageMessage,
  Resources as ResourcesMessage,
  SnapshotResponse,
} from "../../gen/ghost/host/v1/host.ts";
import { settingsFromWire, settingsToWire } from "./config.ts";
import { observedVmFromWire, observedVmToWire } from "./observed-vm.ts";
import { operationFromWire, operationToWire } from "./operation.ts";
import { observedTemplateFromWire, observedTemplateToWire } from "./observed-template.ts";
import { requirePart } from "./require.ts";
import { setRecordFromWire, setRecordToWire } from "./set-record.ts";

export function observationToWire(observation: Observation): SnapshotResponse {
  return {
    host: hostToWire(observation.host),
    vms: observation.vms.map(observedVmToWire),
    templates: observation.templates.map(observedTemplateToWire),
    operations: observation.operations.map(operationToWire),
    set: observation.set && setRecordToWire(observation.set),
  };
}

/** Throws AGENT_PROTOCOL for an answer without a host, AGENT_VERSION for values that only another version knows. */
export function observationFromWire(message: SnapshotResponse): Observation {
  return {
    host: hostFromWire(requirePart(message.host, "AGENT_PROTOCOL", "The host in the agent's answer")),
    vms: message.vms.map(observedVmFromWire),
    templates: message.templates.map(observedTemplateFromWire),
    operations: message.operations.map(operationFromWire),
    ...(message.set !== undefined && { set: setRecordFromWire(message.set) }),
  };
}

function hostToWire(host: ObservedHost): HostMessage {
  return {
    agent_id: host.agentId,
    name: host.name,
    version: host.version,
    hypervisor: host.hypervisor,
    total: host.total,
    reserved: host.reserved,
    available: host.available,
    capabilities: host.capabilities,
    settings: settingsToWire(host.settings),
    images: host.images.map(imageToWire),
    networks: host.networks && { networks: [...host.networks.networks], bridges: [...host.networks.bridges] },
  };
}

function hostFromWire(message: HostMessage): ObservedHost {
  return {
    agentId: message.agent_id,
    name: message.name,
    version: message.version,
    hypervisor: message.hypervisor,
    total: resourcesFromWire(message.total),
    reserved: resourcesFromWire(message.reserved),
    available: resourcesFromWire(message.available),
    capabilities: capabilitiesFromWire(message.capabilities),
    settings: settingsFromWire(message.settings),
    images: message.images.map(imageFromWire),
    ...(message.networks !== undefined && { networks: message.networks }),
  };
}

export function imageToWire({ name, digest, cached, sizeBytes }: ObservedImage): ImageMessage {
  return { name, digest, cached, size_bytes: sizeBytes };
}

export function imageFromWire({ name, digest, cached, size_bytes: sizeBytes }: ImageMessage): ObservedImage {
  return { name, digest, cached, sizeBytes };
}

function resourcesFromWire(message: ResourcesMessage | undefined): Resources {
  return { vcpu: message?.vcpu ?? 0, ram_gb: message?.ram_gb ?? 0, disk_gb: message?.disk_gb ?? 0 };
}

function capabilitiesFromWire(message: CapabilitiesMessage | undefined): Capabilities {
  return {
    vcpu_plug: message?.vcpu_plug ?? false,
    vcpu_unplug: message?.vcpu_unplug ?? false,
    ram_balloon: message?.ram_balloon ?? false,
    disk_plug: message?.disk_plug ?? false,
    disk_grow: message?.disk_grow ?? false,
    network_plug: message?.network_plug ?? false,
    kvm: message?.kvm ?? false,
  };
}
