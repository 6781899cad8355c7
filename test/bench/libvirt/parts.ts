/** What is measured of real machines: a libvirt of the bench's own, its guests emulated. */
import { whyNoGuest, whyNot } from "../../machine/support/packages.ts";
import type { Report } from "../report.ts";
import { create } from "./create.ts";
import { live } from "./live.ts";
import { snapshot, thousand } from "./many.ts";

interface Part {
  readonly name: string;
  /** Why it cannot be measured here. */
  readonly whyNot: () => string | undefined;
  readonly measure: (report: Report) => Promise<void>;
}

/** So many of a thousand run: of 35 MB and a third of a second each. */
const RUNNING = 100;

const whyNoMachines = (): string | undefined => whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img");
const whyNoGuests = (): string | undefined => whyNoMachines() ?? whyNot("dnsmasq", "iptables", "ip") ?? whyNoGuest();

export const libvirtParts: readonly Part[] = [
  { name: "libvirt-create", whyNot: whyNoGuests, measure: create },
  {
    name: "libvirt-1000-qemu",
    whyNot: whyNoMachines,
    measure: (report) => thousand(report, "qemu:///system", report.isQuick ? 5 : RUNNING),
  },
  { name: "libvirt-1000-test", whyNot: whyNoMachines, measure: (report) => thousand(report, "test:///default", 0) },
  { name: "libvirt-snapshot", whyNot: whyNoMachines, measure: snapshot },
  { name: "libvirt-live", whyNot: whyNoGuests, measure: live },
];
