/** XML as plain data: what is read from the hypervisor, changed, and written back with everything else as it was. */
import { problem } from "@ghost/schemas";

export interface XmlElement {
  /** With its prefix, as written. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

/** A string is text, unescaped. */
export type XmlNode = XmlElement | string;

/** A missing child or attribute is left out, so that builders read like the XML they make. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly (XmlNode | undefined)[]
): XmlElement {
  const given = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const]));
  return { name, attributes: Object.fromEntries(given), children: children.filter((child) => child !== undefined) };
}

/** Two spaces a level; an element that holds text stays on one line. HOST_ERROR for characters that XML cannot carry. */
export function writeXml(root: XmlElement): string {
  return `${lines(root, "").join("\n")}\n`;
}

export function childrenOf(parent: XmlElement | undefined, name?: string): readonly XmlElement[] {
  return (parent?.children ?? []).filter(
    (child) => typeof child !== "string" && (name === undefined || child.name === name),
  ) as XmlElement[];
}

/** The first element on a path of names. */
export function findChild(parent: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => childrenOf(at, name)[0], parent);
}

/** Text directly inside, without the white space around it; empty for a missing element. */
export function textOf(found: XmlElement | undefined): string {
  return rawTextOf(found).trim();
}

/** The same with every space and line break that was written. */
export function rawTextOf(found: XmlElement | undefined): string {
  return (found?.children ?? []).filter((child) => typeof child === "string").join("");
}

/** The same element with its children of that name replaced by one, put where the first of them was, or at the end. */
export function withChild(parent: XmlElement, child: XmlElement): XmlElement {
  const at = parent.children.findIndex((each) => typeof each !== "string" && each.name === child.name);
  const others = (from: readonly XmlNode[]): readonly XmlNode[] =>
    from.filter((each) => typeof each === "string" || each.name !== child.name);
  if (at === -1) return { ...parent, children: [...parent.children, child] };
  return { ...parent, children: [...parent.children.slice(0, at), child, ...others(parent.children.slice(at + 1))] };
}

export function withoutChild(parent: XmlElement, name: string): XmlElement {
  return { ...parent, children: parent.children.filter((child) => typeof child === "string" || child.name !== name) };
}

/** What XML 1.0 has no way to write, escaped or not: most control characters, lone surrogates, U+FFFE and U+FFFF. */
export function isWritable(text: string): boolean {
  return text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text);
}

function lines({ name, attributes, children }: XmlElement, indent: string): readonly string[] {
  const open = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escape(value)}"`)].join(" ");
  const inner = children.filter((child) => child !== "");
  if (inner.length === 0) return [`${indent}<${open}/>`];
  // White space between text and elements is content of somebody else's, and stays as it is.
  if (inner.some((child) => typeof child === "string")) return [`${indent}<${open}>${inner.map(inline).join("")}</${name}>`];
  return [`${indent}<${open}>`, ...(inner as XmlElement[]).flatMap((child) => lines(child, `${indent}  `)), `${indent}</${name}>`];
}

function inline(node: XmlNode): string {
  if (typeof node === "string") return escape(node);
  const open = [node.name, ...Object.entries(node.attributes).map(([key, value]) => `${key}="${escape(value)}"`)].join(" ");
  return node.children.length === 0 ? `<${open}/>` : `<${open}>${node.children.map(inline).join("")}</${node.name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Line breaks and tabs too: a reader turns those of an attribute into spaces, and a bare CR into LF. */
function escape(text: string): string {
  if (!isWritable(text))
    throw problem("HOST_ERROR", `${JSON.stringify(text.slice(0, 80))} holds a character that a domain's XML cannot carry.`, {
      hint: "Remove control characters from the value.",
    });
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "").replace(/[\t\n\r\u0085\u2028]/g, (c) => `&#${c.charCodeAt(0)};`);
}
