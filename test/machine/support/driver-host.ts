import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Hypervisor } from "../../../agent/src/hypervisor/driver.ts";
import { openLibvirtHypervisor } from "../../../agent/src/hypervisor/libvirt/driver.ts";
import type { LibvirtOptions } from "../../../agent/src/hypervisor/libvirt/driver.ts";
import { file, imageServer, text } from "../../../agent/src/hypervisor/libvirt/images/testdata/image-server.ts";
import { guestImage } from "./guest-image.ts";
import { startLibvirtd } from "./libvirtd.ts";
import type { PrivateLibvirtd } from "./libvirtd.ts";

/** The one name in the host's catalogue: the test guest. */
export const GUEST_IMAGE = "guest";
export const DRIVER_PROGRAMS = ["libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables"] as const;

const URI = "qemu:///system";
const FILE_NAME = "guest.qcow2";
const CHECKSUMS = "SHA256SUMS";
const NETWORK = `<network><name>default</name><forward mode='nat'/><bridge name='ghost-nat0'/><ip address='192.168.232.1' netmask='255.255.255.0'><dhcp><range start='192.168.232.2' end='192.168.232.99'/></dhcp></ip></network>`;

/** A libvirtd with its usual network, and the vendor of an image: what the driver needs of a host. */
export interface DriverHost extends AsyncDisposable {
  readonly daemon: PrivateLibvirtd;
  /** Opens the driver; the caller closes it. Images are kept for all. */
  open(options: Partial<LibvirtOptions> & { readonly dir: string }): Promise<Hypervisor>;
  /** For a driver's own files; gone with the host. */
  makeFolder(): Promise<string>;
  /** Removes every machine, whatever state it is in. */
  clear(): Promise<void>;
}

export async function startDriverHost(): Promise<DriverHost> {
  const daemon = await startLibvirtd({ ownNetwork: true });
  const server = await imageServer();
  const content = await readFile(await guestImage());
  server.answers.set(`/${FILE_NAME}`, file(content));
  server.answers.set(`/${CHECKSUMS}`, text(`${createHash("sha256").update(content).digest("hex")} *${FILE_NAME}\n`));
  const definition = path.join(daemon.folder, "network.xml");
  await writeFile(definition, NETWORK);
  await daemon.virsh(URI, "net-define", definition);
  await daemon.virsh(URI, "net-start", "default");
  const vendorImages = new Map([[GUEST_IMAGE, { folders: [server.url], fileName: FILE_NAME, checksumFileName: CHECKSUMS }]]);
  return {
    daemon,
    open: async (options) =>
      await openLibvirtHypervisor({
        uri: URI,
        socketPath: daemon.socketPath,
        imageDir: path.join(daemon.folder, "images"),
        network: "default",
        vendorImages,
        ...options,
      }),
    async makeFolder() {
      const folder = await mkdtemp(path.join(daemon.folder, "ghost-"));
      await chmod(folder, 0o711);
      return folder;
    },
    async clear() {
      for (const uid of (await daemon.virsh(URI, "list", "--all", "--uuid")).split("\n").filter((line) => line !== "")) {
        await daemon.virsh(URI, "destroy", uid).catch(() => "");
        // One without a definition is gone by now.
        await daemon.virsh(URI, "undefine", uid, "--nvram", "--managed-save", "--snapshots-metadata").catch(() => "");
      }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

/** Waits for a condition; the test runner's own limit ends a wait that never comes true. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100));
}
