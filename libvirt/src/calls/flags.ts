import { virDomainModificationImpact } from "../../gen/constants.ts";

/** What a change is made to: the running machine, what the next start uses, both, or whichever of the two the domain is now. */
export type Affect = "current" | "live" | "config" | "both";

const { VIR_DOMAIN_AFFECT_CURRENT, VIR_DOMAIN_AFFECT_LIVE, VIR_DOMAIN_AFFECT_CONFIG } = virDomainModificationImpact;
const AFFECT: Readonly<Record<Affect, number>> = {
  current: VIR_DOMAIN_AFFECT_CURRENT,
  live: VIR_DOMAIN_AFFECT_LIVE,
  config: VIR_DOMAIN_AFFECT_CONFIG,
  both: VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
};

export function affectFlags(affect: Affect = "current"): number {
  return AFFECT[affect];
}

/** Adds up the flags that are asked for. Addition, since `|` would make a negative number of the highest bit. */
export function flagsOf(...flags: readonly (readonly [flag: number, isWanted: boolean | undefined])[]): number {
  return flags.reduce((sum, [flag, isWanted]) => (isWanted === true ? sum + flag : sum), 0);
}
