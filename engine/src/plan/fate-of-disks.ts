import type { ObservedVm } from "@ghost/schemas";

/** What becomes of a VM's disks when it is deleted, as a clause: "its disk (10 GiB) is deleted". */
export function fateOfDisks({ live, diskIds, foreignDisks = [] }: Pick<ObservedVm, "live" | "diskIds" | "foreignDisks">): string {
  const names = Object.keys(diskIds);
  const foreign = names.filter((name) => foreignDisks.includes(name));
  const own = names.filter((name) => !foreignDisks.includes(name));
  if (names.length === 0) return "its disks are deleted";
  if (foreign.length === 0) {
    const diskGb = own.reduce((sum, name) => sum + sizeOf(live, name), 0);
    return own.length === 1 ? `its disk (${diskGb} GiB) is deleted` : `its ${own.length} disks (${diskGb} GiB) are deleted`;
  }
  const [is, goes] = foreign.length === 1 ? ["it", "stays"] : ["them", "stay"];
  const kept = `${list(live, foreign)} ${goes}: Ghost did not make ${is}`;
  return own.length === 0 ? kept : `${list(live, own)} ${own.length === 1 ? "is" : "are"} deleted; ${kept}`;
}

/** `its disks root (10 GiB) and data (5 GiB)`. */
function list(live: ObservedVm["live"], names: readonly string[]): string {
  const sized = names.toSorted().map((name) => `${name} (${sizeOf(live, name)} GiB)`);
  const last = sized.pop() ?? "";
  return `its disk${sized.length === 0 ? "" : "s"} ${sized.length === 0 ? last : `${sized.join(", ")} and ${last}`}`;
}

function sizeOf({ disk_gb: rootGb = 0, disks = {} }: ObservedVm["live"], name: string): number {
  return name === "root" ? rootGb : (disks[name]?.size_gb ?? 0);
}
