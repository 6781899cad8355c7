/** Clients of an agent's gRPC services. Loads grpc-js. */
export type { CallOptions } from "./channel.ts";
export type { HostConnection } from "./connection.ts";
export { connectHost } from "./host.ts";
export type { HostClient, SnapshotOptions, VmConsole } from "./host.ts";
export { connectVms } from "./vms.ts";
export type { CreatedVm, NewVm, VmClient, VmListEntry, VmPower, VmReport } from "./vms.ts";
export type { ExecuteInput } from "../wire/execute.ts";
export type { HostEvent } from "../wire/event.ts";
export type { VmAct, VmAction } from "../wire/vm-act.ts";
export type { StepProof } from "../wire/plan.ts";
export { createChannel } from "./channel.ts";
export type { Channel, ChannelOptions, Method } from "./channel.ts";
export { plainTarget, secureTarget } from "./target.ts";
export type { Target } from "./target.ts";
