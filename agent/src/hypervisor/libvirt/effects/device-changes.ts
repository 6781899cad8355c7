import type { DomainChange, DomainConfig, DomainDisk, DomainNic } from "../../driver.ts";

/** What comes and goes to bring one side of a domain, running or stored, to what is asked. Empty for what is so already. */
export interface DeviceChanges {
  /** By name; one that is also in `addDisks` is replaced. */
  readonly removeDisks: readonly string[];
  readonly addDisks: Readonly<Record<string, DomainDisk>>;
  readonly removeNics: readonly string[];
  readonly addNics: Readonly<Record<string, DomainNic>>;
  /** There is a card of that name, and it is another one. */
  readonly updateNics: Readonly<Record<string, DomainNic>>;
}

type Asked = Pick<DomainChange, "removeDisks" | "addDisks" | "removeNics" | "addNics" | "updateNics">;

/** A card that is to be added and is there is changed; one that is to be changed and is not there is added. */
export function deviceChanges({ disks, nics }: Pick<DomainConfig, "disks" | "nics">, asked: Asked): DeviceChanges {
  const wantedDisks = new Map(Object.entries(asked.addDisks ?? {}));
  const wantedNics = new Map(Object.entries({ ...asked.addNics, ...asked.updateNics }));
  const addDisks = [...wantedDisks].filter(([name, { id }]) => find(disks, name)?.id !== id);
  const isAdded = new Set(addDisks.map(([name]) => name));
  return {
    removeDisks: Object.keys(disks).filter(
      (name) => isAdded.has(name) || (asked.removeDisks?.includes(name) === true && !wantedDisks.has(name)),
    ),
    addDisks: Object.fromEntries(addDisks),
    removeNics: Object.keys(nics).filter((name) => asked.removeNics?.includes(name) === true && !wantedNics.has(name)),
    addNics: Object.fromEntries([...wantedNics].filter(([name]) => find(nics, name) === undefined)),
    updateNics: Object.fromEntries(
      [...wantedNics].filter(([name, nic]) => {
        const before = find(nics, name);
        return before !== undefined && !isSameNic(before, nic);
      }),
    ),
  };
}

/** Cards of one side of a domain, and what comes and goes of them. */
export interface NicSide {
  readonly nics: Readonly<Record<string, DomainNic>>;
  /** Absent when this side stays as it is. */
  readonly changes?: DeviceChanges | undefined;
}

/** The cards that no side has any more, known by their address and where they are plugged in. */
export function goneNics(...sides: readonly NicSide[]): readonly DomainNic[] {
  const after = sides.flatMap(({ nics, changes }) => {
    const isChanged = (name: string): boolean =>
      changes !== undefined && (changes.removeNics.includes(name) || Object.hasOwn(changes.updateNics, name));
    const kept = Object.entries(nics).flatMap(([name, nic]) => (isChanged(name) ? [] : nic));
    return [...kept, ...Object.values({ ...changes?.addNics, ...changes?.updateNics })];
  });
  const before = sides.flatMap(({ nics }) => Object.values(nics));
  return before.filter((nic, index) => ![...after, ...before.slice(0, index)].some((other) => isSameNic(nic, other)));
}

function isSameNic(a: DomainNic, b: DomainNic): boolean {
  return a.mac.toLowerCase() === b.mac.toLowerCase() && a.network === b.network && a.bridge === b.bridge;
}

function find<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
