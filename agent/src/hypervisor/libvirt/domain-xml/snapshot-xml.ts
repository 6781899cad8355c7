/** A snapshot in libvirt's words: what it is to hold of a machine, and what one holds. */
import { problem } from "@ghost/schemas";
import type { DomainSnapshot } from "../../driver.ts";
import { fromDomainXml } from "./from-domain-xml.ts";
import type { DomainXmlFacts } from "./from-domain-xml.ts";
import { readXml } from "./read-xml.ts";
import { childrenOf, element, findChild, rawTextOf, textOf, writeXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

export interface SnapshotXmlFacts extends Omit<DomainSnapshot, "isCurrent"> {
  /** The machine as it ran and as it was stored; empty where libvirt has kept no definition. */
  readonly domains: readonly DomainXmlFacts[];
  /** All that it holds is inside the machine's own disks. */
  readonly isInternal: boolean;
}

/**
 * The disks' content goes inside the disks. What is not named is left out: drives for removable media and the seed, which
 * no guest writes. `domainXml` is the running machine's, or the stored one's.
 */
export function toSnapshotXml(
  { name, description }: { readonly name: string; readonly description: string },
  domainXml: string,
  kept: ReadonlySet<string>,
): string {
  const targets = childrenOf(findChild(readXml(domainXml), "devices"), "disk").flatMap(
    (disk) => findChild(disk, "target")?.attributes["dev"] ?? [],
  );
  return writeXml(
    element(
      "domainsnapshot",
      {},
      element("name", {}, name),
      description === "" ? undefined : element("description", {}, description),
      element("disks", {}, ...targets.map((target) => element("disk", { name: target, snapshot: kept.has(target) ? "internal" : "no" }))),
    ),
  );
}

/** HOST_ERROR when the text is not a snapshot's XML. */
export function fromSnapshotXml(text: string): SnapshotXmlFacts {
  const snapshot = readXml(text);
  const name = rawTextOf(findChild(snapshot, "name"));
  if (snapshot.name !== "domainsnapshot" || name === "")
    throw problem("HOST_ERROR", "The XML that the hypervisor gave is not that of a snapshot.");
  const parent = rawTextOf(findChild(snapshot, "parent", "name"));
  const where = [findChild(snapshot, "memory"), ...childrenOf(findChild(snapshot, "disks"), "disk")].map(
    (part) => part?.attributes["snapshot"] ?? "no",
  );
  return {
    name,
    description: rawTextOf(findChild(snapshot, "description")),
    createdAt: new Date(Number(textOf(findChild(snapshot, "creationTime"))) * 1000),
    status: statusOf(textOf(findChild(snapshot, "state"))),
    ...(parent !== "" && { parent }),
    domains: ["domain", "inactiveDomain"].flatMap((part) => domainOf(findChild(snapshot, part))),
    isInternal: !where.includes("external"),
  };
}

/** Of a state that libvirt does not run in, like that of disks alone, the machine is off afterwards. */
function statusOf(state: string): DomainSnapshot["status"] {
  return state === "running" || state === "blocked" ? "running" : state === "paused" ? "paused" : "stopped";
}

/** Sizes, autostart and what the host makes of accelerators are no part of a snapshot. */
function domainOf(part: XmlElement | undefined): readonly DomainXmlFacts[] {
  if (part === undefined) return [];
  return [fromDomainXml(writeXml({ ...part, name: "domain" }), { sizeGbOf: () => 0, autostart: false, autoType: "qemu" })];
}
