/** `ghost vm …` and `ghostctl vm …`: the commands of the original ghostctl, over its gRPC service. */
import type { NewVm, VmClient } from "@ghost/proto/client";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import { CONNECT_TIMEOUT_MS, CONNECTION, VM, withAgent } from "../flow/vm-agent.ts";
import type { ConnectionOptions } from "../flow/vm-agent.ts";
import { escapeLine } from "../output/escape.ts";
import { renderTable } from "../output/table.ts";
import { formatDuration } from "../command/duration.ts";
import type { Session } from "../terminal/session.ts";

const CREATE_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 30_000;
/** The original asks for three characters at least; a spec takes fewer. */
const NEW_NAME = /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/;
const NEW_NAME_DOC = "3 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter";
const OPTIONS = {
  ...CONNECTION,
  timeout: { ...CONNECTION.timeout, doc: "How long the agent may take; 5m for create and 30s for the rest when not given." },
  ...OUTPUT,
} as const;

export const vmCreate: Command = defineCommand({
  description: "The VM belongs to no spec: a plan shows it as a foreign VM, and `ghost adopt` takes it over.",
  options: {
    name: { kind: "string", required: true, value: "NAME", doc: `Name, ${NEW_NAME_DOC}.` },
    vcpu: { kind: "integer", min: 1, value: "N", doc: "Processors; 1 when not given." },
    ram: { kind: "integer", min: 1, value: "GIB", doc: "Memory in GiB; 1 when not given." },
    disk: { kind: "integer", min: 1, value: "GIB", doc: "Root disk in GiB; 10 when not given." },
    template: { kind: "string", value: "IMAGE", doc: "Image, like ubuntu-22.04; the agent's default_template when not given." },
    metadata: { kind: "strings", value: "KEY=VALUE", doc: "Text kept with the VM." },
    ...OPTIONS,
  },
  examples: [
    { run: "ghostctl vm create --name my-vm --vcpu 2 --ram 4 --disk 50 --template ubuntu-22.04", does: "make and start a VM" },
    { run: "ghostctl vm create --name my-vm --metadata owner=me --json", does: "the same for a script" },
  ],
  async run({ options }, session) {
    const vm: NewVm = {
      name: options.name,
      vcpu: options.vcpu ?? 1,
      ram_gb: options.ram ?? 1,
      disk_gb: options.disk ?? 10,
      ...(options.template === undefined ? {} : { template: options.template }),
      metadata: parseMetadata(options.metadata),
    };
    if (!NEW_NAME.test(vm.name)) {
      throw problem("VM_INVALID", `--name is "${vm.name}"; it must be ${NEW_NAME_DOC}.`, {
        hint: "Give another name: ghostctl vm create --name my-vm",
      });
    }
    return withVms(options, session, CREATE_TIMEOUT_MS, async (vms, call) => {
      const { vm_id, ip_address, status } = await vms.create(vm, call);
      session.emit({ type: "vm", vm_id, name: vm.name, status, ip_address });
      session.print(
        `VM ${escapeLine(vm.name)} is ${escapeLine(status)}.\n${pairs([
          ["vm_id", vm_id],
          ["ip_address", ip_address],
        ])}`,
      );
    });
  },
});

export const vmDelete: Command = defineCommand({
  description: "Its disks are deleted too; files that Ghost did not make stay. A protected VM is refused.",
  positionals: [VM],
  options: OPTIONS,
  examples: [{ run: "ghostctl vm delete vm-abc123", does: "delete a VM and its disks" }],
  run: ({ options, positionals: [vm = ""] }, session) =>
    withVms(options, session, TIMEOUT_MS, async (vms, call) => {
      await vms.delete(vm, call);
      session.emit({ type: "vm_deleted", vm });
      session.print(`VM ${escapeLine(vm)} is deleted.\n`);
    }),
});

export const vmStart: Command = defineCommand({
  positionals: [VM],
  options: OPTIONS,
  examples: [{ run: "ghostctl vm start my-vm", does: "start a stopped VM" }],
  run: ({ options, positionals: [vm = ""] }, session) =>
    withVms(options, session, TIMEOUT_MS, async (vms, call) => tellPower(session, vm, (await vms.start(vm, call)).status)),
});

export const vmStop: Command = defineCommand({
  description: "Asks the guest to shut down; with --force the VM is powered off at once.",
  positionals: [VM],
  options: { force: { kind: "boolean", doc: "Power off at once." }, ...OPTIONS },
  examples: [
    { run: "ghostctl vm stop my-vm", does: "shut a VM down" },
    { run: "ghostctl vm stop my-vm --force", does: "power it off" },
  ],
  run: ({ options, positionals: [vm = ""] }, session) =>
    withVms(options, session, TIMEOUT_MS, async (vms, call) =>
      tellPower(session, vm, (await vms.stop(vm, { ...call, force: options.force })).status),
    ),
});

export const vmStatus: Command = defineCommand({
  positionals: [VM],
  options: OPTIONS,
  examples: [{ run: "ghostctl vm status my-vm", does: "what a VM has and uses" }],
  run: ({ options, positionals: [vm = ""] }, session) =>
    withVms(options, session, TIMEOUT_MS, async (vms, call) => {
      const report = await vms.status(vm, call);
      session.emit({ type: "vm", ...report, uptime_seconds: Number(report.uptime_seconds) });
      // A zero would say that it was measured.
      const used = (text: string): string => (report.status === "stopped" || report.status === "error" ? "-" : text);
      const percent = (value: number): string => used(`${Math.round(value * 10) / 10} %`);
      session.print(
        pairs([
          ["name", report.name],
          ["vm_id", report.vm_id],
          ["status", report.status],
          ["ip_address", report.ip_address],
          ["vcpu", String(report.vcpu)],
          ["ram_gb", `${report.ram_gb} GiB`],
          ["disk_gb", `${report.disk_gb} GiB`],
          ["uptime", used(formatDuration(Number(report.uptime_seconds) * 1000))],
          ["cpu_usage", percent(report.cpu_usage_percent)],
          ["ram_usage", percent(report.ram_usage_percent)],
        ]),
      );
    }),
});

export const vmList: Command = defineCommand({
  options: OPTIONS,
  examples: [
    { run: "ghostctl vm list", does: "every VM of the agent's host" },
    { run: "ghost vm list --address unix:/run/ghost/agent.sock --json", does: "one JSON object per VM" },
  ],
  run: ({ options }, session) =>
    withVms(options, session, TIMEOUT_MS, async (vms, call) => {
      const list = await vms.list(call);
      for (const vm of list) session.emit({ type: "vm", ...vm });
      if (list.length === 0) session.print("The host has no VMs.\n");
      else
        session.print(
          renderTable(
            ["name", "status", "ip_address", "vm_id"],
            list.map((vm) => [vm.name, vm.status, vm.ip_address, vm.vm_id]),
            session.result,
          ),
        );
    }),
});

async function withVms(
  options: ConnectionOptions,
  session: Session,
  defaultTimeoutMs: number,
  act: (vms: VmClient, call: { timeoutMs: number; signal: AbortSignal }) => Promise<void>,
): Promise<typeof EXIT.ok> {
  const { connectVms } = await import("@ghost/proto/client");
  const timeoutMs = options.timeout ?? defaultTimeoutMs;
  await withAgent(options, session, async (connection) => {
    await using vms = connectVms({ ...connection, timeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) });
    await act(vms, { timeoutMs, signal: session.stop });
  });
  return EXIT.ok;
}

export function tellPower(session: Session, vm: string, status: string): void {
  session.emit({ type: "vm", vm, status });
  session.print(`VM ${escapeLine(vm)} is ${escapeLine(status)}.\n`);
}

function parseMetadata(pairsGiven: readonly string[]): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of pairsGiven) {
    const at = pair.indexOf("=");
    if (at < 1) throw usageProblem(`--metadata is "${pair}"; it must be KEY=VALUE.`, { usage: "ghostctl vm create", summary: "" });
    metadata[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return metadata;
}

function pairs(lines: readonly (readonly [name: string, value: string])[]): string {
  return lines.map(([name, value]) => `  ${name.padEnd(12)}${value === "" ? "-" : escapeLine(value)}\n`).join("");
}
