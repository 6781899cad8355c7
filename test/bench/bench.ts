/**
 * Measures the bundled release: `npm run bench`, with `--json` for machines (every sample is in it), `--quick` for a
 * small run, `--only WORD` for the parts whose name contains it (libvirt: those with real machines, as root on Linux).
 *
 * Every figure is the wall-clock time of a whole process, seen from outside; agents run in processes of their own.
 * Ratios come from runs taken in turn, so that a change of the machine's speed hits both sides.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startFleet } from "./fleet.ts";
import type { Fleet } from "./fleet.ts";
import type { Series } from "./measure.ts";
import { libvirtParts } from "./libvirt/parts.ts";
import { peakRssMb, runOnce, time, timeInTurn, toSeries } from "./measure.ts";
import { Report } from "./report.ts";
import { dropTerraformState, makeProviderMirror, terraformVersion, writeGhostVms, writeTerraformData } from "./terraform.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PROVIDER = path.join(ROOT, "dist/release/provider");
/** What Terraform says to whom it starts as a plugin. */
const HANDSHAKE = {
  TF_PLUGIN_MAGIC_COOKIE: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
  PLUGIN_PROTOCOL_VERSIONS: "6",
};
const GHOST = [process.execPath, path.join(ROOT, "dist/release/ghost.mjs")] as const;

const { values: flags } = parseArgs({ options: { json: { type: "boolean" }, quick: { type: "boolean" }, only: { type: "string" } } });
const runs = flags.quick ? 3 : 9;
const report = new Report({ isQuick: flags.quick === true });
const add = report.add.bind(report);
const figure = report.figure.bind(report);
const tell = report.tell.bind(report);

function wanted(part: string): boolean {
  return flags.only === undefined || part.includes(flags.only);
}

async function startUp(): Promise<void> {
  const [bare, version] = await timeInTurn(
    [
      { name: "node -e 0", command: { argv: [process.execPath, "-e", "0"] } },
      { name: "ghost version", command: { argv: [...GHOST, "version"] } },
    ],
    runs * 3,
  );
  if (bare === undefined || version === undefined) throw new Error("no samples");
  add(bare, version);
  figure({ name: "ghost version / node -e 0", value: version.medianMs / bare.medianMs, unit: "×", target: 2 });
}

/** Applies the fleet's spec on empty hosts several times; every run starts from nothing. */
async function timeApply(name: string, fleet: Fleet, count: number): Promise<Series> {
  const samples: number[] = [];
  for (let run = 0; run < count; run += 1) {
    await fleet.reset();
    samples.push((await runOnce({ argv: [...GHOST, "apply", "-f", fleet.spec, "--yes"] })).wallMs);
  }
  return toSeries(name, "ghost apply --yes", samples);
}

async function plans(vms: number, agents: number, targetMs: number): Promise<Series> {
  await using fleet = await startFleet(vms, agents);
  await runOnce({ argv: [...GHOST, "apply", "-f", fleet.spec, "--yes", "--timeout", "10m"] });
  const command = { argv: [...GHOST, "plan", "-f", fleet.spec, "--detailed-exitcode"] };
  const label = `${vms.toLocaleString("en")} VMs on ${agents} agents`;
  const measured = await time(`ghost plan, no change, ${label}`, command, runs);
  add(measured);
  figure({ name: `  median against the target, ${label}`, value: measured.medianMs, unit: "ms", target: targetMs });
  const before = await fleet.counts();
  await runOnce(command);
  const after = await fleet.counts();
  figure({ name: `  calls of one plan per agent, ${label}`, value: (after.all - before.all) / agents, unit: "calls", target: 1 });
  await runOnce({ argv: [...GHOST, "apply", "-f", fleet.spec, "--yes"] });
  figure({
    name: `  changing calls of an apply of nothing, ${label}`,
    value: (await fleet.counts()).mutating - after.mutating,
    unit: "calls",
    target: 0,
  });
  figure({
    name: `  peak memory of the plan, ${label}`,
    value: await peakRssMb(command),
    unit: "MB",
    ...(vms === 10_000 ? { target: 250 } : {}),
  });
  return measured;
}

async function applies(): Promise<Series> {
  await using fleet = await startFleet(1000, 20);
  const fast = await timeApply("ghost apply, 1,000 VMs on 20 agents, no latency", fleet, flags.quick ? 1 : 5);
  add(fast);
  await fleet.setLatency(50);
  add(await timeApply("ghost apply, 1,000 VMs on 20 agents, 50 ms a hypervisor call", fleet, flags.quick ? 1 : 3));
  return fast;
}

async function terraform(plan: Series | undefined, apply: Series | undefined): Promise<void> {
  const version = terraformVersion();
  if (version === undefined) return tell("terraform is not on the PATH: nothing to compare with");
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-bench-"));
  try {
    await writeTerraformData(dir, 1000);
    const samples: number[] = [];
    for (let run = 0; run < (flags.quick ? 1 : 3); run += 1) {
      await dropTerraformState(dir);
      samples.push((await runOnce({ argv: ["terraform", "apply", "-auto-approve", "-input=false", "-no-color"], cwd: dir })).wallMs);
    }
    const applied = toSeries(`terraform ${version} apply, 1,000 terraform_data`, "terraform apply", samples);
    add(applied);
    if (apply !== undefined)
      figure({
        name: "terraform apply / ghost apply, 1,000",
        value: applied.medianMs / apply.medianMs,
        unit: "×",
        target: 15,
        atLeast: true,
      });
    const planned = await time(
      `terraform ${version} plan, no change, 1,000 terraform_data`,
      { argv: ["terraform", "plan", "-input=false", "-no-color"], cwd: dir },
      runs,
    );
    add(planned);
    if (plan !== undefined)
      figure({ name: "terraform plan / ghost plan, 1,000", value: planned.medianMs / plan.medianMs, unit: "×", target: 5, atLeast: true });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Start to handshake, as Terraform starts it: with a certificate of the other side, and V8's code cache warm. */
async function providerStart(): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-bench-"));
  try {
    const { launcher, env } = await makeProviderMirror(dir, PROVIDER);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path.join(dir, "key.pem")];
    const certificate = execFileSync("openssl", ["req", "-x509", "-subj", "/CN=bench", "-days", "2", ...key], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const asked = { ...HANDSHAKE, ...env, PLUGIN_CLIENT_CERT: certificate, XDG_CACHE_HOME: dir, TMPDIR: dir };
    const [bare, start] = await timeInTurn(
      [
        { name: "node -e 0, beside the provider", command: { argv: [process.execPath, "-e", "0"] } },
        { name: "provider, start to handshake", command: { argv: [launcher], env: asked, untilOutput: true } },
      ],
      runs * 3,
    );
    if (bare === undefined || start === undefined) throw new Error("no samples");
    add(bare, start);
    figure({ name: "provider start to handshake / node -e 0", value: start.medianMs / bare.medianMs, unit: "×", target: 2.5 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Terraform with as many `ghost_vm` as `terraform_data`, in turn. */
async function providerRuns(vms: number, agents: number): Promise<void> {
  if (terraformVersion() === undefined) return tell("terraform is not on the PATH: the provider cannot be measured");
  await using fleet = await startFleet(vms, agents);
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-bench-"));
  try {
    const [ours, theirs] = [path.join(dir, "ghost"), path.join(dir, "data")];
    for (const folder of [ours, theirs]) await mkdir(folder);
    const { env } = await makeProviderMirror(dir, PROVIDER);
    await writeGhostVms(ours, vms, fleet.addresses, env);
    await writeTerraformData(theirs, vms);
    const label = vms.toLocaleString("en");
    const words = ["-input=false", "-no-color"];
    const apply = { argv: ["terraform", "apply", "-auto-approve", ...words] };
    const samples: { readonly ours: number[]; readonly theirs: number[] } = { ours: [], theirs: [] };
    let calls = 0;
    for (let run = 0; run < (flags.quick ? 1 : 3); run += 1) {
      await fleet.reset();
      for (const folder of [ours, theirs]) await dropTerraformState(folder);
      const callsBefore = (await fleet.counts()).all;
      samples.ours.push((await runOnce({ ...apply, cwd: ours, env })).wallMs);
      calls = (await fleet.counts()).all - callsBefore;
      samples.theirs.push((await runOnce({ ...apply, cwd: theirs })).wallMs);
    }
    const applied = toSeries(`terraform apply, ${label} ghost_vm`, "terraform apply", samples.ours);
    const data = toSeries(`terraform apply, ${label} terraform_data`, "terraform apply", samples.theirs);
    add(applied, data);
    figure({ name: `terraform apply, ghost_vm / terraform_data, ${label}`, value: applied.medianMs / data.medianMs, unit: "×" });
    figure({ name: `  calls of the apply per VM, ${label} ghost_vm`, value: calls / vms, unit: "calls" });
    const plan = { argv: ["terraform", "plan", "-detailed-exitcode", ...words], cwd: ours, env };
    const [planned, plannedData] = await timeInTurn(
      [
        { name: `terraform plan, no change, ${label} ghost_vm`, command: plan },
        { name: `terraform plan, no change, ${label} terraform_data`, command: { ...plan, cwd: theirs, env: {} } },
      ],
      flags.quick ? 1 : 5,
    );
    if (planned === undefined || plannedData === undefined) throw new Error("no samples");
    add(planned, plannedData);
    figure({ name: `terraform plan, ghost_vm / terraform_data, ${label}`, value: planned.medianMs / plannedData.medianMs, unit: "×" });
    const before = await fleet.counts();
    await runOnce(plan);
    const after = await fleet.counts();
    figure({
      name: `  calls of one plan per agent, ${label} ghost_vm`,
      value: (after.all - before.all) / agents,
      unit: "calls",
      target: 1,
    });
    await runOnce({ ...apply, cwd: ours, env });
    figure({
      name: `  changing calls of an apply of nothing, ${label} ghost_vm`,
      value: (await fleet.counts()).mutating - after.mutating,
      unit: "calls",
      target: 0,
    });
    figure({ name: `  peak memory of the provider, plan of ${label} ghost_vm`, value: await peakRssMb(plan), unit: "MB" });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

execFileSync("npm", ["run", "--silent", "bundle"], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
let plan1000: Series | undefined;
let apply1000: Series | undefined;
if (wanted("version")) await startUp();
if (wanted("plan-100")) await plans(100, 5, 120);
if (wanted("plan-1000")) plan1000 = await plans(1000, 20, 250);
if (wanted("plan-10000")) await plans(10_000, 100, 1200);
if (wanted("apply")) apply1000 = await applies();
if (wanted("terraform")) await terraform(plan1000, apply1000);
if (wanted("provider-start")) await providerStart();
if (wanted("provider-1")) await providerRuns(1, 1);
if (wanted("provider-100")) await providerRuns(100, 5);
if (wanted("provider-1000")) await providerRuns(1000, 20);
for (const { name, whyNot, measure } of libvirtParts) {
  if (!wanted(name)) continue;
  const reason = whyNot();
  if (reason === undefined) await measure(report);
  else tell(`${name} is left out: ${reason}`);
}

if (flags.json) {
  const machine = {
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  process.stdout.write(
    `${JSON.stringify({ date: new Date().toISOString(), machine, runs, figures: report.figures, series: report.series }, null, 2)}\n`,
  );
}
