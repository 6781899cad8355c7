// What every driver promises, on real machines with a small Linux in them: emulated, by UEFI, on a network of their own.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite } from "node:test";
import type { TestContext } from "node:test";
import { testHypervisor } from "../../../agent/src/hypervisor/contract.ts";
import type { ContractSubject } from "../../../agent/src/hypervisor/contract.ts";
import type { Hypervisor } from "../../../agent/src/hypervisor/driver.ts";
import { file, imageServer, text } from "../../../agent/src/hypervisor/libvirt/images/testdata/image-server.ts";
import type { ImageServer } from "../../../agent/src/hypervisor/libvirt/images/testdata/image-server.ts";
import { openLibvirtHypervisor } from "../../../agent/src/hypervisor/libvirt/driver.ts";
import { guestImage } from "../support/guest-image.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "qemu:///system";
const IMAGE = "guest";
const FILE_NAME = "guest.qcow2";
const NETWORK = `<network><name>default</name><forward mode='nat'/><bridge name='ghost-nat0'/><ip address='192.168.232.1' netmask='255.255.255.0'><dhcp><range start='192.168.232.2' end='192.168.232.99'/></dhcp></ip></network>`;

const why = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables");
if (why === undefined) {
  let daemon: PrivateLibvirtd;
  let server: ImageServer;
  before(async () => {
    [daemon, server] = await Promise.all([startLibvirtd({ ownNetwork: true }), imageServer()]);
    const content = await readFile(await guestImage());
    server.answers.set(`/${FILE_NAME}`, file(content));
    server.answers.set("/SHA256SUMS", text(`${createHash("sha256").update(content).digest("hex")} *${FILE_NAME}\n`));
    const definition = path.join(daemon.folder, "network.xml");
    await writeFile(definition, NETWORK);
    await daemon.virsh(URI, "net-define", definition);
    await daemon.virsh(URI, "net-start", "default");
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  testHypervisor("libvirt", { persistent: true }, async (t: TestContext): Promise<ContractSubject> => {
    const dir = await mkdtemp(path.join(daemon.folder, "ghost-"));
    const vendor = { folders: [server.url], fileName: FILE_NAME, checksumFileName: "SHA256SUMS" };
    const openOne = (): Promise<Hypervisor> =>
      openLibvirtHypervisor({
        uri: URI,
        socketPath: daemon.socketPath,
        dir,
        // One fetch is enough for all tests.
        imageDir: path.join(daemon.folder, "images"),
        network: "default",
        vendorImages: new Map([[IMAGE, vendor]]),
      });
    const hypervisor = await openOne();
    t.after(async () => {
      await hypervisor[Symbol.asyncDispose]();
      await clear(daemon);
      await rm(dir, { recursive: true });
    });
    return {
      hypervisor,
      image: IMAGE,
      reopen: openOne,
      // A card or a disk leaves a machine only when its system lets it go.
      ready: async (uid) => {
        while ((await hypervisor.find(uid))?.guestAgent !== true) await new Promise((resolve) => setTimeout(resolve, 200));
      },
    };
  });
} else suite("hypervisor contract: libvirt", { skip: why });

/** Removes every machine, whatever state a test left it in. */
async function clear(daemon: PrivateLibvirtd): Promise<void> {
  for (const uid of (await daemon.virsh(URI, "list", "--all", "--uuid")).split("\n").filter((line) => line !== "")) {
    await daemon.virsh(URI, "destroy", uid).catch(() => "");
    await daemon.virsh(URI, "undefine", uid, "--nvram", "--managed-save", "--snapshots-metadata");
  }
}
