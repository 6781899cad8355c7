/** What a host with many VMs costs: in milliseconds of the agent's answers, and in its memory. */
import { readFileSync } from "node:fs";
import { openLibvirtHypervisor } from "../../../agent/src/hypervisor/libvirt/driver.ts";
import { allDomainStatistics } from "../../../libvirt/src/index.ts";
import { connectHost, connectVms } from "../../../proto/src/client/index.ts";
import type { Series } from "../measure.ts";
import { toSeries } from "../measure.ts";
import type { Report } from "../report.ts";
import { startBenchHost } from "./bench-host.ts";
import type { BenchHost, LibvirtUri } from "./bench-host.ts";
import { makeVms, pretendVms } from "./many-vms.ts";

/** What the driver asks for when it is asked what machines use. */
const GROUPS = ["state", "cpu", "balloon", "interface", "block"] as const;
const TIMEOUT_MS = 60_000;

/** A thousand VMs: those of libvirt's test driver all run, of QEMU's as many as `running` says. */
export async function thousand(report: Report, uri: LibvirtUri, running: number): Promise<void> {
  const count = report.isQuick ? 100 : 1000;
  await using host = await startBenchHost(uri);
  const isReal = uri.startsWith("qemu");
  report.tell(`making ${count} VMs at ${uri} …`);
  if (isReal) await makeVms(host, count, running);
  else await pretendVms(host, count);
  const label = isReal
    ? `${count.toLocaleString("en")} of QEMU, ${running} run`
    : `${count.toLocaleString("en")} of libvirt's test driver, all run`;
  await statistics(report, host, uri, label);

  const agent = await host.startAgent();
  await using vms = connectVms({ name: "desk", address: host.address, timeoutMs: TIMEOUT_MS });
  await using client = connectHost({ name: "desk", address: host.address, timeoutMs: TIMEOUT_MS });
  const runs = report.isQuick ? 3 : 20;
  const listed = await vms.list();
  const [some] = listed.filter(({ status }) => status === "running");
  if (listed.length < count || some === undefined) throw new Error(`the agent shows ${listed.length} VMs`);
  report.add(
    await timeCalls(`ListVMs, ${label}`, runs, () => vms.list()),
    await timeCalls(`GetVMStatus of one that runs, ${label}`, runs, () => vms.status(some.vm_id)),
    await timeCalls(`Snapshot, ${label}`, runs, () => client.snapshot("bench")),
    await timeCalls(`scrape of the metrics, ${label}`, runs, async () => await (await fetch(host.metricsUrl)).text()),
  );
  const { residentMb, peakMb } = memoryOf(agent.process.pid ?? 0);
  report.figure({ name: `  memory of the agent after that, ${label}`, value: residentMb, unit: "MB", target: 200 });
  report.figure({ name: `  its peak, ${label}`, value: peakMb, unit: "MB" });
}

/** The agent's answer to everything that a plan needs, on a host with a hundred VMs that all run. */
export async function snapshot(report: Report): Promise<void> {
  const count = report.isQuick ? 10 : 100;
  await using host = await startBenchHost("qemu:///system");
  report.tell(`making and starting ${count} VMs …`);
  await makeVms(host, count, count);
  await host.startAgent();
  await using client = connectHost({ name: "desk", address: host.address, timeoutMs: TIMEOUT_MS });
  const name = `Snapshot of a host with ${count} VMs, all run`;
  const { vms } = await client.snapshot("bench");
  if (vms.length !== count || vms.some(({ status }) => status !== "running")) throw new Error("not all VMs run");
  const measured = await timeCalls(name, report.isQuick ? 5 : 30, () => client.snapshot("bench"));
  report.add(measured);
  report.figure({ name: `  ${name}, median`, value: measured.medianMs, unit: "ms", target: 100 });
}

/** The driver's `usage()` and libvirt's own call for the same statistics, in turn, each over a connection like the other's. */
async function statistics(report: Report, host: BenchHost, uri: LibvirtUri, label: string): Promise<void> {
  await using hypervisor = await openLibvirtHypervisor({
    uri,
    socketPath: host.libvirtd.socketPath,
    dir: host.dataDir,
    imageDir: host.imageDir,
    network: "default",
  });
  const [theirs, ours]: [number[], number[]] = [[], []];
  const asked = { groups: GROUPS, noWait: true };
  const running = (await allDomainStatistics(host.libvirt, asked)).filter(({ params }) => params["state.state"] === 1);
  for (let run = -2; run < (report.isQuick ? 3 : 15); run += 1) {
    const libvirtMs = await msOf(() => allDomainStatistics(host.libvirt, asked));
    const driverMs = await msOf(async () => {
      const { size } = await hypervisor.usage();
      if (size < running.length) throw new Error(`usage of ${size} machines, while ${running.length} run`);
    });
    // The first ones read what is remembered later, and warm both sides up.
    if (run < 0) continue;
    theirs.push(libvirtMs);
    ours.push(driverMs);
  }
  const own = toSeries(`libvirt's statistics of all, ${label}`, "virConnectGetAllDomainStats", theirs);
  const driver = toSeries(`usage of all by the driver, ${label}`, "Hypervisor.usage", ours);
  report.add(own, driver);
  report.figure({
    name: `  usage / libvirt's own call, ${label}`,
    value: driver.medianMs / own.medianMs,
    unit: "×",
    // The test driver has nothing but states to tell.
    ...(uri.startsWith("qemu") && { target: 1.2 }),
  });
}

async function timeCalls(name: string, runs: number, call: () => Promise<unknown>): Promise<Series> {
  await call();
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) samples.push(await msOf(call));
  return toSeries(name, name, samples);
}

async function msOf(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

/** In MB of 2^20 bytes. */
function memoryOf(pid: number): { readonly residentMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { residentMb: mb("VmRSS"), peakMb: mb("VmHWM") };
}
