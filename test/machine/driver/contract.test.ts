// What every driver promises, on real machines with a small Linux in them: emulated, by UEFI, on a network of their own.
import { after, before, suite } from "node:test";
import type { TestContext } from "node:test";
import { testHypervisor } from "../../../agent/src/hypervisor/contract.ts";
import type { ContractSubject } from "../../../agent/src/hypervisor/contract.ts";
import { DRIVER_PROGRAMS, GUEST_IMAGE, startDriverHost, until } from "../support/driver-host.ts";
import type { DriverHost } from "../support/driver-host.ts";
import { whyNoGuest, whyNot, whyNoUefi } from "../support/packages.ts";

const why = whyNot(...DRIVER_PROGRAMS) ?? whyNoUefi() ?? whyNoGuest();
if (why === undefined) {
  let host: DriverHost;
  before(async () => {
    host = await startDriverHost();
  });
  after(() => host?.[Symbol.asyncDispose]());

  testHypervisor("libvirt", { persistent: true }, async (t: TestContext): Promise<ContractSubject> => {
    const dir = await host.makeFolder();
    const hypervisor = await host.open({ dir });
    t.after(async () => {
      await hypervisor[Symbol.asyncDispose]();
      await host.clear();
    });
    return {
      hypervisor,
      image: GUEST_IMAGE,
      reopen: () => host.open({ dir }),
      // A card or a disk leaves a machine only when its system lets it go.
      ready: async (uid) => await until(async () => (await hypervisor.find(uid))?.guestAgent === true),
    };
  });
} else suite("hypervisor contract: libvirt", { skip: why });
