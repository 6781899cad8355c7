/*
 * What Ghost adds to the making of a VM. Its create and the same definition given to libvirt straight, in turn, with the
 * same name, card, address and image.
 *
 * (1) Libvirt's part is to define and to start. Disk and seed are made before its clock starts, so that the agent's
 *     making of them counts as Ghost's. The image is named by its digest: without it a file that the spec names is read anew
 *     for every VM, which takes as long as its size says.
 * (2) The agent's clock runs from the operation's creation to its end, as the agent itself keeps them. `ghost apply`, a
 *     process that starts, plans and ends, is told beside.
 * (3) The guest's boot is part of what is compared where it has to answer, and varies by more than what is looked for. So
 *     the guest's beginning is compared too, by libvirt's event of it; and of the time until it answers, what its
 *     processor has worked is taken off, which is what the guest needs. What it waited for, a processor too, is left.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { defineDomain, destroyDomain, domainXml, findDomainByName, startDomain, undefineDomain } from "../../../libvirt/src/index.ts";
import type { Domain } from "../../../libvirt/src/index.ts";
import { connectHost } from "../../../proto/src/client/index.ts";
import type { HostClient } from "../../../proto/src/client/index.ts";
import { guestImage } from "../../machine/support/guest-image.ts";
import { makeNetwork } from "../../machine/support/network.ts";
import { runOnce, toSeries } from "../measure.ts";
import type { Series } from "../measure.ts";
import type { Report } from "../report.ts";
import { startBenchHost } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";

const URI = "qemu:///system";
const [NAME, MAC, ADDRESS] = ["web", "52:54:00:be:0c:01", "192.168.122.77"];
const GHOST = [process.execPath, path.resolve(import.meta.dirname, "../../../dist/release/ghost.mjs")] as const;

/** In milliseconds from the beginning. */
interface Made {
  readonly beginsMs: number;
  readonly runningMs: number;
  readonly answersMs: number;
  /** What the guest's processor has worked until then. */
  readonly guestMs: number;
  /** The process of `ghost apply`. */
  readonly applyMs?: number;
}

export async function create(report: Report): Promise<void> {
  const image = await guestImage();
  const sha256 = createHash("sha256")
    .update(await readFile(image))
    .digest("hex");
  await using host = await startBenchHost(URI, { ownNetwork: true });
  await makeNetwork(host.libvirtd);
  await host.libvirtd.virsh(URI, "net-update", "default", "add", "ip-dhcp-host", `<host mac='${MAC}' ip='${ADDRESS}'/>`, "--live");
  await keepInMind(host);
  await host.startAgent();
  await using client = connectHost({ name: "desk", address: host.address, timeoutMs: 60_000 });
  const spec = await host.spec({
    [NAME]: `{ agent: desk, image_path: ${image}, image_sha256: ${sha256}, ram_gb: 1, disk_gb: 1, networks: { default: { mac: "${MAC}" } } }`,
  });

  // The first one brings the image into the agent's cache, and tells the definition.
  await runOnce({ argv: [...GHOST, "apply", "-f", spec, "--yes"] });
  const template = await takeApart(host, spec);
  const [ghost, libvirt]: [Made[], Made[]] = [[], []];
  for (let run = 0; run < (report.isQuick ? 2 : 12); run += 1) {
    // Whoever is second finds the machine as the first has left it: each is so as often as the other.
    const inTurn = [async () => libvirt.push(await byLibvirt(host, template)), async () => ghost.push(await byGhost(host, client, spec))];
    for (const make of run % 2 === 0 ? inTurn : inTurn.reverse()) await make();
  }
  const series = (name: string, made: readonly Made[], of: (one: Made) => number): Series => toSeries(name, name, made.map(of));
  const begins = series("create → the guest begins, the agent's operation", ghost, ({ beginsMs }) => beginsMs);
  const begun = series("define + start → the guest begins, libvirt", libvirt, ({ beginsMs }) => beginsMs);
  const running = series("create → running, the agent's operation", ghost, ({ runningMs }) => runningMs);
  const started = series("define + start by libvirt", libvirt, ({ runningMs }) => runningMs);
  const answers = series("create → answers over HTTP, the agent's operation", ghost, ({ answersMs }) => answersMs);
  const alone = series("define + start → answers over HTTP, libvirt", libvirt, ({ answersMs }) => answersMs);
  const around = series("create → answers without the guest's processor", ghost, aroundMs);
  const aroundAlone = series("define + start → answers without it, libvirt", libvirt, aroundMs);
  report.add(begins, begun, running, started, answers, alone, around, aroundAlone);
  report.add(series("ghost apply of one VM, whole process", ghost, ({ applyMs = 0 }) => applyMs));
  report.figure({ name: "create → running, beyond libvirt's own", value: running.medianMs - started.medianMs, unit: "ms", target: 100 });
  report.figure({
    name: "create → the guest begins, beyond libvirt's own",
    value: begins.medianMs - begun.medianMs,
    unit: "ms",
    target: 100,
  });
  report.figure({
    name: "create → answers, beyond libvirt and guest",
    value: around.medianMs - aroundAlone.medianMs,
    unit: "ms",
    target: 100,
  });
  report.figure({ name: "create → answers, beyond libvirt's own, guest and all", value: answers.medianMs - alone.medianMs, unit: "ms" });
}

function aroundMs({ answersMs, guestMs }: Made): number {
  return answersMs - guestMs;
}

async function byGhost(host: BenchHost, client: HostClient, spec: string): Promise<Made> {
  await using answer = await firstAnswer(host);
  const begun = await nextStart(host);
  const { wallMs } = await runOnce({ argv: [...GHOST, "apply", "-f", spec, "--yes"] });
  const [operation] = await client.listOperations({ limit: 1 });
  const { createdAt, endedAt, state } = operation ?? {};
  if (createdAt === undefined || endedAt === undefined || state !== "succeeded") throw new Error(`the create has ${state}`);
  const from = createdAt.getTime();
  const answersMs = (await answer.at) - from;
  const made = {
    beginsMs: (await begun.at) - from,
    runningMs: endedAt.getTime() - from,
    answersMs,
    guestMs: await processorMs(),
    applyMs: wallMs,
  };
  await destroy(spec);
  return made;
}

/** What the agent has defined, over a disk and a seed that are the bench's. */
interface Template {
  readonly xml: string;
  readonly image: string;
  readonly disk: string;
}

async function takeApart({ libvirtd, libvirt }: BenchHost, spec: string): Promise<Template> {
  const domain = await requireDomain(libvirt);
  const xml = await domainXml(libvirt, domain, { inactive: true });
  const [disk = "", seed = ""] = [...xml.matchAll(/<source file='([^']+)'/g)].map(([, file]) => file);
  const { "backing-filename": image } = JSON.parse(
    execFileSync("qemu-img", ["info", "-U", "--output=json", disk], { encoding: "utf8" }),
  ) as {
    "backing-filename": string;
  };
  const own = { disk: path.join(libvirtd.folder, "bench.qcow2"), seed: path.join(libvirtd.folder, "bench.iso") };
  await copyFile(seed, own.seed);
  await destroy(spec);
  return { xml: xml.replace(disk, own.disk).replace(seed, own.seed), image, disk: own.disk };
}

async function byLibvirt(host: BenchHost, { xml, image, disk }: Template): Promise<Made> {
  const { libvirt } = host;
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", disk, "1G"]);
  await using answer = await firstAnswer(host);
  const begun = await nextStart(host);
  const from = now();
  const domain = await startDomain(libvirt, await defineDomain(libvirt, xml));
  const runningMs = now() - from;
  const [beginsMs, answersMs, guestMs] = [(await begun.at) - from, (await answer.at) - from, await processorMs()];
  await destroyDomain(libvirt, domain);
  await undefineDomain(libvirt, domain);
  await rm(disk);
  return { beginsMs, runningMs, answersMs, guestMs };
}

async function destroy(spec: string): Promise<void> {
  await runOnce({ argv: [...GHOST, "destroy", "-f", spec, "--yes", "--max-impact", "data-loss", "--max-destroy", "1"] });
}

async function requireDomain(libvirt: BenchHost["libvirt"]): Promise<Domain> {
  const domain = await findDomainByName(libvirt, NAME);
  if (domain === undefined) throw new Error(`there is no ${NAME}`);
  return domain;
}

/** Listens; `at` is when libvirt says that a machine has been started, in ms since 1970. */
async function nextStart({ libvirt }: BenchHost): Promise<{ readonly at: Promise<number> }> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = await libvirt.subscribe(["lifecycle"], ({ event }) => event === "started" && resolve(now()));
  return { at: promise.finally(stop) };
}

/** What the processor of the guest that was started last has worked so far, as the kernel counts it. */
async function processorMs(): Promise<number> {
  const tasks = `/proc/${execFileSync("pgrep", ["-n", "-f", `^\\S*qemu-system.* guest=${NAME},`], { encoding: "utf8" }).trim()}/task`;
  for (const task of await readdir(tasks)) {
    if (!(await readFile(`${tasks}/${task}/comm`, "utf8")).startsWith("CPU 0/")) continue;
    const [nanoseconds] = (await readFile(`${tasks}/${task}/schedstat`, "utf8")).split(" ");
    return Number(nanoseconds) / 1e6;
  }
  throw new Error("QEMU has no thread of the guest's processor");
}

/** In ms since 1970, finer than `Date.now`. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Begins to ask; `at` is when the answer came, in ms since 1970. */
async function firstAnswer({ libvirtd }: BenchHost): Promise<AsyncDisposable & { readonly at: Promise<number> }> {
  const child = libvirtd.inside(process.execPath, [path.join(import.meta.dirname, "first-answer.ts"), `http://${ADDRESS}/`]);
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  return {
    at: lines.next().then(({ value }) => Number(value)),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Asking for an address in vain takes a second each time: the way to the guest is known from the start. */
async function keepInMind({ libvirtd }: BenchHost): Promise<void> {
  const child = libvirtd.inside("ip", ["neigh", "replace", ADDRESS, "lladdr", MAC, "dev", "virbr0", "nud", "permanent"]);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`ip neigh ended with ${code}`);
}
