/** Identities that follow from a VM's uid, so that making something twice makes the same thing. */
import { createHash } from "node:crypto";

/** MAC address of a network card: in QEMU's range, the rest from uid and card name. */
export function macOf(uid: string, card: string): string {
  const hash = createHash("sha256").update(`mac\0${uid}\0${card}`).digest("hex");
  return `52:54:00:${hash.slice(0, 2)}:${hash.slice(2, 4)}:${hash.slice(4, 6)}`;
}

/** What `diskIdOf` gives. No name that a person or a tool gives to a copy beside a disk looks like it. */
export const DISK_ID: RegExp = /^[0-9a-f]{20}$/;

/**
 * Identity of a disk: what the guest sees as its serial number, which virtio cuts at 20 characters. `generation`
 * tells a disk that was made anew from the one it replaces.
 */
export function diskIdOf(uid: string, disk: string, generation = ""): string {
  return createHash("sha256").update(`disk\0${uid}\0${disk}\0${generation}`).digest("hex").slice(0, 20);
}
