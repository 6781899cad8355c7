/** Our element in a domain's `<metadata>`: the text of the agent, and what the rest of the XML cannot say. */
import type { DomainConfig } from "../../driver.ts";
import { childrenOf, element, findChild, isWritable, rawTextOf } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** The namespace, also for libvirt's calls that get and set metadata of one namespace. */
export const METADATA_NAMESPACE = "urn:ghost:vm:1";
export const METADATA_PREFIX = "ghost";

export interface OwnMetadata {
  readonly text: string;
  /** What was asked for; the domain's type only says what came of it. */
  readonly accel: DomainConfig["accel"];
}

export function metadataElement(metadata: OwnMetadata): XmlElement {
  const { name, attributes, children } = bareMetadataElement(metadata);
  return { name: `${METADATA_PREFIX}:${name}`, attributes: { [`xmlns:${METADATA_PREFIX}`]: METADATA_NAMESPACE, ...attributes }, children };
}

/** Without its namespace, which libvirt's call for metadata adds. */
export function bareMetadataElement({ text, accel }: OwnMetadata): XmlElement {
  const isPlain = isWritable(text);
  return element(
    "vm",
    { accel, encoding: isPlain ? undefined : "base64" },
    // Two bytes a character: a lone surrogate survives too.
    isPlain ? text : Buffer.from(text, "utf16le").toString("base64"),
  );
}

/** Found by namespace, whatever the prefix; undefined where no agent has written. */
export function ownMetadata(domain: XmlElement): OwnMetadata | undefined {
  const found = findOwn(domain);
  if (found === undefined) return undefined;
  const { accel, encoding } = found.attributes;
  const raw = rawTextOf(found);
  return {
    text: encoding === "base64" ? Buffer.from(raw, "base64").toString("utf16le") : raw,
    accel: accel === "kvm" || accel === "tcg" ? accel : "auto",
  };
}

/** The domain with our metadata instead of what was there of ours; other people's stays. */
export function withMetadata(domain: XmlElement, metadata: OwnMetadata): XmlElement {
  const own = metadataElement(metadata);
  const before = findChild(domain, "metadata");
  const found = findOwn(domain);
  const kept = (before?.children ?? []).filter((child) => child !== found);
  const after: XmlElement = { name: "metadata", attributes: before?.attributes ?? {}, children: [...kept, own] };
  return { ...domain, children: [...domain.children.filter((child) => child !== before), after] };
}

function findOwn(domain: XmlElement): XmlElement | undefined {
  const parent = findChild(domain, "metadata");
  return childrenOf(parent).find((child) => {
    const [prefix, local] = child.name.includes(":") ? (child.name.split(":") as [string, string]) : ["", child.name];
    const declaration = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
    const namespace = [child, parent, domain].map((at) => at?.attributes[declaration]).find((uri) => uri !== undefined);
    return local === "vm" && namespace === METADATA_NAMESPACE;
  });
}
