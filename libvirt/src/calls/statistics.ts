import { virConnectGetAllDomainStatsFlags, virDomainMemoryStatTags, virDomainStatsTypes } from "../../gen/constants.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { wordFor } from "../words.ts";
import { flagsOf } from "./flags.ts";
import { fromParams } from "./params.ts";
import type { Params } from "./params.ts";
import { fromDomain, toDomain } from "./reference.ts";
import type { Domain, DomainRef } from "./reference.ts";

const GROUPS = {
  state: virDomainStatsTypes.VIR_DOMAIN_STATS_STATE,
  cpu: virDomainStatsTypes.VIR_DOMAIN_STATS_CPU_TOTAL,
  balloon: virDomainStatsTypes.VIR_DOMAIN_STATS_BALLOON,
  vcpu: virDomainStatsTypes.VIR_DOMAIN_STATS_VCPU,
  interface: virDomainStatsTypes.VIR_DOMAIN_STATS_INTERFACE,
  block: virDomainStatsTypes.VIR_DOMAIN_STATS_BLOCK,
} as const;

export type StatisticsGroup = keyof typeof GROUPS;

export interface StatisticsOptions extends CallOptions {
  /** Default: all that the hypervisor has, of these groups and others. */
  readonly groups?: readonly StatisticsGroup[];
  /** Default: all domains. */
  readonly domains?: readonly DomainRef[];
  /** Gives less of a domain that is busy instead of waiting for it. QEMU only. */
  readonly noWait?: boolean;
}

export interface DomainStatistics {
  readonly domain: Domain;
  /** By libvirt's names: `state.state`, `cpu.time` (ns), `balloon.current` (KiB), `block.0.rd.bytes`. */
  readonly params: Params;
}

/** Statistics of every domain in one call. */
export async function allDomainStatistics(
  caller: Caller,
  { groups = [], domains = [], noWait, ...options }: StatisticsOptions = {},
): Promise<readonly DomainStatistics[]> {
  const args = {
    doms: domains.map(toDomain),
    stats: groups.reduce((sum, group) => sum | GROUPS[group], 0),
    flags: flagsOf([virConnectGetAllDomainStatsFlags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, noWait]),
  };
  const { retStats } = await caller.call("REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS", args, options);
  return retStats.map(({ dom, params }) => ({ domain: fromDomain(dom), params: fromParams(params) }));
}

/** What the balloon says, by libvirt's words: `actual-balloon`, `available`, `unused`, `rss` (KiB), `last-update` (s since 1970). */
export async function memoryStatistics(
  caller: Caller,
  domain: DomainRef,
  options?: CallOptions,
): Promise<Readonly<Record<string, number>>> {
  const maxStats = virDomainMemoryStatTags.VIR_DOMAIN_MEMORY_STAT_NR;
  const { stats } = await caller.call("REMOTE_PROC_DOMAIN_MEMORY_STATS", { dom: toDomain(domain), maxStats, flags: 0 }, options);
  return Object.fromEntries(stats.map(({ tag, val }) => [wordFor(virDomainMemoryStatTags, tag), Number(val)]));
}
