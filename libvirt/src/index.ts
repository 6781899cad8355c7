/** libvirt's remote protocol over its unix socket. Start at `connect` or `keepConnected`; the calls take what they give. */
export * as constants from "../gen/constants.ts";
export { DESCRIBED_VERSION } from "../gen/table.ts";
export type { Calls, Messages, Structures } from "../gen/types.ts";
export type { Affect } from "./calls/flags.ts";
export {
  defineDomain,
  destroyDomain,
  domainXml,
  findDomain,
  findDomainByName,
  getAutostart,
  hasManagedSave,
  isPersistent,
  listDomains,
  managedSave,
  rebootDomain,
  removeManagedSave,
  renameDomain,
  resetDomain,
  resumeDomain,
  setAutostart,
  shutdownDomain,
  startDomain,
  suspendDomain,
  undefineDomain,
} from "./calls/domains.ts";
export type { PowerMode, UndefineParts } from "./calls/domains.ts";
export { agentCommand, interfaceAddresses, openConsole } from "./calls/guest.ts";
export type { GuestInterface } from "./calls/guest.ts";
export {
  capabilities,
  domainCapabilities,
  freeMemoryBytes,
  hostname,
  hypervisorType,
  hypervisorVersion,
  libvirtVersion,
  nodeInfo,
} from "./calls/host.ts";
export type { MachineKind, NodeInfo } from "./calls/host.ts";
export { getMetadata, setMetadata } from "./calls/metadata.ts";
export {
  defineNetwork,
  destroyNetwork,
  findNetworkByName,
  isNetworkActive,
  listNetworks,
  networkLeases,
  networkXml,
  setNetworkAutostart,
  startNetwork,
  undefineNetwork,
} from "./calls/networks.ts";
export type { Lease } from "./calls/networks.ts";
export { numberIn, textIn } from "./calls/params.ts";
export type { ParamValue, Params } from "./calls/params.ts";
export type { Domain, DomainRef, Network } from "./calls/reference.ts";
export {
  attachDevice,
  blockInfo,
  detachDevice,
  getVcpus,
  resizeBlock,
  setMaxMemory,
  setMemory,
  setMemoryStatisticsPeriod,
  setVcpus,
  updateDevice,
} from "./calls/resources.ts";
export type { BlockInfo, ChangeOptions } from "./calls/resources.ts";
export { createSnapshot, currentSnapshot, deleteSnapshot, listSnapshots, revertSnapshot, snapshotXml } from "./calls/snapshots.ts";
export type { SnapshotOptions } from "./calls/snapshots.ts";
export { domainState, stateFrom } from "./calls/state.ts";
export type { DomainState, DomainStateName } from "./calls/state.ts";
export { allDomainStatistics, memoryStatistics } from "./calls/statistics.ts";
export type { DomainStatistics, StatisticsGroup, StatisticsOptions } from "./calls/statistics.ts";
export { connect } from "./connection.ts";
export type { ConnectOptions, Connection } from "./connection.ts";
export { LibvirtError, isLibvirtError } from "./error.ts";
export type { ErrorCode, ErrorDomain, ErrorSource } from "./error.ts";
export type { DomainEvent, DomainEventKind, DomainEventOf, EventSource, LifecycleEvent } from "./events/event.ts";
export { keepConnected } from "./reconnect.ts";
export type { ConnectionState, LastingConnection, ReconnectOptions } from "./reconnect.ts";
export type { ByteStream, CallOptions, Caller } from "./rpc/caller.ts";
export type { KeepAlive } from "./rpc/keep-alive.ts";
export type { SessionOptions } from "./rpc/session.ts";
export { socketPaths } from "./socket.ts";
