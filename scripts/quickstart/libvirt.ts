import { connect } from "../../libvirt/src/connection.ts";
import { startLibvirtd } from "../../test/machine/support/libvirtd.ts";
import { makeNetwork } from "../../test/machine/support/network.ts";
import { installPackages, missing, whyNoGuest, whyNot } from "../../test/machine/support/packages.ts";
import { Stop } from "./errands.ts";
import { say } from "./tell.ts";

export interface Libvirt extends AsyncDisposable {
  /** It was started for the quickstart, and everything of it goes with it. */
  readonly isOwn: boolean;
  readonly uri: string;
  /** Words before a command that talks to guests: none where this machine reaches them. */
  readonly enter: readonly string[];
}

/**
 * The libvirt that `virsh` on this machine talks to (LIBVIRT_DEFAULT_URI, or qemu:///system), as it is: nothing is installed
 * where there is one. Where there is none, root gets one of its own.
 */
export async function openLibvirt(): Promise<Libvirt> {
  const named = process.env["LIBVIRT_DEFAULT_URI"] || undefined;
  const uri = named ?? "qemu:///system";
  const silent = await whySilent(uri);
  if (silent === undefined) {
    const lacks = missing("virsh", "qemu-img", "curl") ?? whyNoGuest();
    if (lacks !== undefined) throw new Stop(`This machine has a libvirt (${uri}), but: ${lacks}.`);
    return { isOwn: false, uri, enter: [], async [Symbol.asyncDispose]() {} };
  }
  if (named !== undefined) throw new Stop(`LIBVIRT_DEFAULT_URI is ${uri}. ${silent}`);
  if (process.platform !== "linux")
    throw new Stop("Real guests need Linux with libvirt; npm run quickstart shows the same on simulated hosts.");
  if (process.getuid?.() !== 0)
    throw new Stop(`${silent}\nRoot needs none: then this starts a libvirt of its own, apart from everything else.`);
  return await ownLibvirt();
}

async function ownLibvirt(): Promise<Libvirt> {
  installPackages();
  const lacks = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "curl") ?? whyNoGuest();
  if (lacks !== undefined) throw new Stop(`Nothing is there to run a guest on, and it could not be set up: ${lacks}.`);
  say("Starting a libvirt apart from everything else on this machine: its own processes, files and network …");
  const libvirtd = await startLibvirtd({ ownNetwork: true });
  try {
    await makeNetwork(libvirtd);
  } catch (error) {
    await libvirtd[Symbol.asyncDispose]();
    throw error;
  }
  return {
    isOwn: true,
    uri: `qemu+unix:///system?socket=${libvirtd.socketPath}`,
    enter: libvirtd.enter,
    [Symbol.asyncDispose]: () => libvirtd[Symbol.asyncDispose](),
  };
}

/** Why the libvirt of this URI cannot be used; undefined when it can. */
async function whySilent(uri: string): Promise<string | undefined> {
  try {
    await (await connect({ uri }))[Symbol.asyncDispose]();
    return undefined;
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason);
  }
}
