import { virDomainMetadataType } from "../../gen/constants.ts";
import { isLibvirtError } from "../error.ts";
import type { Caller } from "../rpc/caller.ts";
import { affectFlags } from "./flags.ts";
import { toDomain } from "./reference.ts";
import type { DomainRef } from "./reference.ts";
import type { ChangeOptions } from "./resources.ts";

const ELEMENT = virDomainMetadataType.VIR_DOMAIN_METADATA_ELEMENT;

/** The XML element that is kept with the domain under that namespace; undefined when there is none. */
export async function getMetadata(
  caller: Caller,
  domain: DomainRef,
  namespace: string,
  { affect, ...options }: ChangeOptions = {},
): Promise<string | undefined> {
  const args = { dom: toDomain(domain), type: ELEMENT, uri: namespace, flags: affectFlags(affect) };
  try {
    return (await caller.call("REMOTE_PROC_DOMAIN_GET_METADATA", args, options)).metadata;
  } catch (error) {
    if (isLibvirtError(error, "VIR_ERR_NO_DOMAIN_METADATA")) return undefined;
    throw error;
  }
}

/** Keeps an XML element with the domain under a namespace and its prefix; undefined removes it. */
export async function setMetadata(
  caller: Caller,
  domain: DomainRef,
  { namespace, prefix, xml }: { readonly namespace: string; readonly prefix: string; readonly xml: string | undefined },
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  const args = { dom: toDomain(domain), type: ELEMENT, metadata: xml, key: prefix, uri: namespace, flags: affectFlags(affect) };
  await caller.call("REMOTE_PROC_DOMAIN_SET_METADATA", args, options);
}
