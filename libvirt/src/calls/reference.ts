import type { remote_nonnull_domain, remote_nonnull_network } from "../../gen/types.ts";

/** How a domain is named in a call. Libvirt finds it by the UUID; the name, where it is given, only stands in its errors. */
export interface DomainRef {
  readonly uuid: string;
  readonly name?: string;
}

/** A domain that libvirt told of. */
export interface Domain extends DomainRef {
  readonly name: string;
  /** Of the running domain; undefined while it is off. A new one with every start. */
  readonly id: number | undefined;
}

export interface Network {
  readonly uuid: string;
  readonly name: string;
}

const NOT_RUNNING = -1;

export function fromDomain({ name, uuid, id }: remote_nonnull_domain): Domain {
  return { uuid: fromUuid(uuid), name, id: id === NOT_RUNNING ? undefined : id };
}

export function toDomain({ uuid, name }: DomainRef): remote_nonnull_domain {
  return { uuid: toUuid(uuid), name: name ?? uuid, id: NOT_RUNNING };
}

export function fromNetwork({ name, uuid }: remote_nonnull_network): Network {
  return { uuid: fromUuid(uuid), name };
}

export function toNetwork({ uuid, name }: { readonly uuid: string; readonly name?: string }): remote_nonnull_network {
  return { uuid: toUuid(uuid), name: name ?? uuid };
}

/** In libvirt's writing: 8-4-4-4-12, lower case. */
function fromUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Takes it with or without dashes; anything else is a TypeError, before it can name another domain. */
export function toUuid(text: string): Uint8Array {
  if (!/^[\da-f]{8}(-?[\da-f]{4}){3}-?[\da-f]{12}$/i.test(text)) throw new TypeError(`"${text}" is no UUID.`);
  return Buffer.from(text.replaceAll("-", ""), "hex");
}
