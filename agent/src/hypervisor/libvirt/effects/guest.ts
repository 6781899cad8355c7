import { attachDevice, updateDevice } from "@ghost/libvirt";
import type { Hypervisor } from "../../driver.ts";
import { seedElement } from "../domain-xml/devices.ts";
import { writeXml } from "../domain-xml/xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";
import { renewSeed } from "./seeds.ts";

/** An adopted machine gets a disk for its seed; one that was copied has that of the machine that it is a copy of. */
export function setGuestCall({ folders, readings, work }: LibvirtParts): Hypervisor["setGuest"] {
  return async (uid, guest) => {
    const reading = await readings.require(uid);
    await told(`VM "${reading.domain.stored.name}"`, async () => {
      const path = await renewSeed(folders, uid, guest);
      if (reading.stored.seed === path) return;
      const setSeed = reading.stored.seed === undefined ? attachDevice : updateDevice;
      await setSeed(work, reading.ref, writeXml(seedElement(path)), { affect: "config" });
    });
  };
}
