/** What others need without starting an agent; `@ghost/agent/run` starts one. */
export { embeddedSocketPath } from "./embedded-path.ts";
export { openSimulatedHost } from "./hypervisor/simulated/host.ts";
export type { BehindChange, ForeignDomain, SimulatedHost } from "./hypervisor/simulated/host.ts";
export type { Fault, FaultError, HypervisorCall, LatencyKey } from "./hypervisor/simulated/conduct.ts";
export type { Domain } from "./hypervisor/driver.ts";
