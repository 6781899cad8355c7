import { domainCapabilities } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { DomainConfig } from "../../driver.ts";
import type { DomainType } from "../domain-xml/accel.ts";
import { readXml } from "../domain-xml/read-xml.ts";
import { childrenOf, findChild, textOf } from "../domain-xml/xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";

/** HOST_ERROR when the host has no firmware image for the machine. */
export async function requireFirmware(
  { ask }: Pick<LibvirtParts, "ask">,
  { name, firmware, machine }: Pick<DomainConfig, "name" | "firmware" | "machine">,
  virtType: DomainType,
): Promise<void> {
  if (firmware === "bios") return;
  const text = await told(`VM "${name}"`, () => domainCapabilities(ask, { arch: "x86_64", machine, virtType }));
  const choices = childrenOf(findChild(readXml(text), "os"), "enum").filter(({ attributes }) => attributes["name"] === "firmware");
  if (choices.some((choice) => childrenOf(choice, "value").some((value) => textOf(value) === "efi"))) return;
  throw problem("HOST_ERROR", `VM "${name}" is to boot by UEFI, and the host has no UEFI firmware for the machine ${machine}.`, {
    hint: "Install it (`apt install ovmf`, `dnf install edk2-ovmf`), or set `firmware: bios`.",
    path: ["firmware"],
  });
}
