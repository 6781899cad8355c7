import { renderCloudInit } from "@ghost/engine";
import type { GuestSetup } from "../../driver.ts";
import { replaceFile } from "../images/files.ts";
import type { IsoFile } from "./iso9660.ts";
import { isoImage } from "./iso9660.ts";

/** By this label cloud-init knows a disk of its NoCloud data source. */
const LABEL = "CIDATA";

/**
 * The files of cloud-init's NoCloud data source. cloud-init sets a guest up once for each instance id: the same id with
 * another setup changes nothing in a guest that has booted, a new id sets it up anew at its next boot (host keys
 * included). The id is readable by every user of the guest, so nothing is derived from a password for it.
 *
 * Without `networkConfig` there is no such file: cloud-init asks for an address on the first card. Throws SPEC_BAD_VALUE
 * when the user-data cannot be rendered; neither it nor a password is in the message.
 */
export async function seedFiles(instanceId: string, setup: GuestSetup): Promise<readonly IsoFile[]> {
  const { hostname, sshKeys, packages, userData, networkConfig, password } = setup;
  const rendered = await renderCloudInit({
    hostname,
    packages,
    ssh_keys: sshKeys,
    ...(userData !== undefined && { user_data: userData }),
    ...(password !== undefined && { password }),
  });
  // JSON is YAML, and quotes what a name may hold.
  const metaData = `${JSON.stringify({ "instance-id": instanceId, "local-hostname": hostname })}\n`;
  return [
    { name: "meta-data", content: Buffer.from(metaData) },
    ...(networkConfig === undefined ? [] : [{ name: "network-config", content: Buffer.from(networkConfig) }]),
    { name: "user-data", content: Buffer.from(rendered) },
  ];
}

/** A disk image with the files; the same files give the same bytes. */
export function seedImage(files: readonly IsoFile[]): Buffer {
  return isoImage(LABEL, files);
}

/**
 * Writes the seed of a guest, readable by the agent alone (libvirt lets the machine read it); one that is there is
 * replaced at once, so that a guest never boots from half of one. SPEC_BAD_VALUE, HOST_OUT_OF_DISK.
 */
export async function writeSeed(path: string, instanceId: string, setup: GuestSetup): Promise<void> {
  await replaceFile(path, seedImage(await seedFiles(instanceId, setup)));
}
