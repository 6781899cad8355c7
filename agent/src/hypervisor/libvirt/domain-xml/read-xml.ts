/**
 * Text → XML tree, in bounds.
 *
 * (1) Nothing is expanded: a document type is refused, so there are no entities but XML's own five.
 * (2) Size, depth and number of nodes are limited; beyond them HOST_ERROR, before anything is made of the text.
 */
import { problem } from "@ghost/schemas";
import { parseXml, XmlCdata, XmlElement as ParsedElement, XmlText } from "@rgrove/parse-xml";
import type { XmlElement, XmlNode } from "./xml.ts";

/** A domain is a few KiB; with hundreds of devices it stays below one MiB. libvirt's own messages end at 32 MiB. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_NODES = 200_000;

/** White space between elements is left out. HOST_ERROR for anything that is not one well-formed element in bounds. */
export function readXml(text: string): XmlElement {
  if (text.length > MAX_CHARACTERS) throw refused(`is ${text.length} characters long; at most ${MAX_CHARACTERS} are read`);
  // Well-formed XML has this only in a document type, or harmlessly in a comment that no hypervisor writes.
  if (text.includes("<!DOCTYPE")) throw refused("has a document type");
  const bound = { nodes: 0 };
  return treeOf(parse(text), 1, bound);
}

function parse(text: string): ParsedElement {
  try {
    const { root } = parseXml(text);
    if (root === null) throw refused("is empty");
    return root;
  } catch (reason) {
    // The parser goes as deep as the text and ends with the stack.
    if (reason instanceof RangeError) throw refused(`is nested deeper than ${MAX_DEPTH} elements`);
    if (reason instanceof Error && reason.name === "XmlError") throw refused(`is not XML: ${reason.message.split("\n")[0]}`, reason);
    throw reason;
  }
}

function treeOf(parsed: ParsedElement, depth: number, bound: { nodes: number }): XmlElement {
  if (depth > MAX_DEPTH) throw refused(`is nested deeper than ${MAX_DEPTH} elements`);
  if ((bound.nodes += parsed.children.length) > MAX_NODES) throw refused(`has more than ${MAX_NODES} elements and texts`);
  const nodes = parsed.children.flatMap((child): readonly XmlNode[] => {
    if (child instanceof ParsedElement) return [treeOf(child, depth + 1, bound)];
    return child instanceof XmlText || child instanceof XmlCdata ? [child.text] : [];
  });
  const isText = !nodes.some((node) => typeof node !== "string");
  const children = isText ? nodes : nodes.filter((node) => typeof node !== "string" || node.trim() !== "");
  return { name: parsed.name, attributes: parsed.attributes, children };
}

function refused(why: string, cause?: Error): Error {
  return problem("HOST_ERROR", `The XML that the hypervisor gave ${why}.`, {}, { cause });
}
