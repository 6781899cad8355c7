/** Wire conversions: pure, without gRPC. Clients are in `@ghost/proto/client`, services in `@ghost/proto/server`. */
export { isLoopbackHost, parseAddress } from "./address.ts";
export type { Address } from "./address.ts";
export {
  settingsFromWire,
  settingsToWire,
  templateConfigFromWire,
  templateConfigToWire,
  vmConfigFromWire,
  vmConfigToWire,
} from "./wire/config.ts";
export { diagnosticFromWire, diagnosticToWire } from "./wire/diagnostic.ts";
export { eventFromWire, eventToWire } from "./wire/event.ts";
export type { HostEvent } from "./wire/event.ts";
export { executeFromWire, executeToWire } from "./wire/execute.ts";
export type { ExecuteInput } from "./wire/execute.ts";
export { vmActFromWire, vmActToWire } from "./wire/vm-act.ts";
export type { VmAct, VmAction } from "./wire/vm-act.ts";
export { vmSnapshotFromWire, vmSnapshotToWire } from "./wire/vm-snapshot.ts";
export { imageToWire, observationFromWire, observationToWire } from "./wire/observation.ts";
export { observedTemplateFromWire, observedTemplateToWire } from "./wire/observed-template.ts";
export { observedVmFromWire, observedVmToWire } from "./wire/observed-vm.ts";
export { requirePart } from "./wire/require.ts";
export { operationFromWire, operationToWire } from "./wire/operation.ts";
export { headerFromWire, headerToWire, stepFromWire, stepToWire } from "./wire/plan.ts";
export type { StepProof } from "./wire/plan.ts";
export { setRecordFromWire, setRecordToWire } from "./wire/set-record.ts";
export { decodeDiagnostics, DIAGNOSTICS_KEY, GRPC_STATUS, toStatus } from "./wire/status.ts";
export type { WireStatus } from "./wire/status.ts";
