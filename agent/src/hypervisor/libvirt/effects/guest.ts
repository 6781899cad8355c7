import { attachDevice } from "@ghost/libvirt";
import type { Hypervisor } from "../../driver.ts";
import { seedElement } from "../domain-xml/devices.ts";
import { writeXml } from "../domain-xml/xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";
import { renewSeed } from "./seeds.ts";

/** An adopted machine gets a disk for its seed. */
export function setGuestCall({ folders, readings, work }: LibvirtParts): Hypervisor["setGuest"] {
  return async (uid, guest) => {
    const reading = await readings.require(uid);
    await told(`VM "${reading.domain.stored.name}"`, async () => {
      const path = await renewSeed(folders, uid, guest);
      if (reading.stored.seed === undefined) await attachDevice(work, reading.ref, writeXml(seedElement(path)), { affect: "config" });
    });
  };
}
