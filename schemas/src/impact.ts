/**
 * What a change does to a running machine, ordered from harmless to worst.
 *
 * `none`: nothing. `next-boot`: stored, takes effect at the next boot. `live`: changed while it runs.
 * `guest`: live, and the guest must act to use it. `restart`: the guest goes down and comes back.
 * `stop`: the guest goes down and stays down. `replace`: made anew, every disk, MAC and name survives.
 * `data-loss`: the content of a disk is destroyed.
 */
export const IMPACTS = ["none", "next-boot", "live", "guest", "restart", "stop", "replace", "data-loss"] as const;
export type Impact = (typeof IMPACTS)[number];

/** What each impact means, in the words every face prints. */
export const IMPACT_MEANING: Readonly<Record<Impact, string>> = {
  none: "nothing happens to the running machine",
  "next-boot": "stored; takes effect at the next boot",
  live: "changed while the machine runs",
  guest: "changed while it runs; the guest must act to use it",
  restart: "the guest goes down and comes back",
  stop: "the guest goes down and stays down",
  replace: "made anew; every disk, MAC address and name survives",
  "data-loss": "the content of a disk is destroyed",
};

const RANK: Readonly<Record<Impact, number>> = Object.fromEntries(IMPACTS.map((impact, rank) => [impact, rank])) as Record<Impact, number>;

/** Negative when `a` is milder than `b`, zero when they are the same, positive when `a` is worse. */
export function compareImpact(a: Impact, b: Impact): number {
  return RANK[a] - RANK[b];
}

/** The worst of the impacts; `none` when there are none. */
export function worstImpact(impacts: Iterable<Impact>): Impact {
  let worst: Impact = "none";
  for (const impact of impacts) if (RANK[impact] > RANK[worst]) worst = impact;
  return worst;
}

/** The mildest of the impacts; `data-loss` (no ceiling) when there are none. */
export function lowestImpact(impacts: Iterable<Impact>): Impact {
  let lowest: Impact = "data-loss";
  for (const impact of impacts) if (RANK[impact] < RANK[lowest]) lowest = impact;
  return lowest;
}

/** True when `impact` is worse than `ceiling` allows. */
export function exceedsImpact(impact: Impact, ceiling: Impact): boolean {
  return RANK[impact] > RANK[ceiling];
}

export function isImpact(value: unknown): value is Impact {
  return typeof value === "string" && Object.hasOwn(RANK, value);
}
