/** `ghost vm snapshot`: keeps what a VM is, and goes back to it. */
import type { HostClient } from "@ghost/proto/client";
import { problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command, Invocation } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { carryOut, CEILING } from "../flow/vm-act.ts";
import { CONNECTION, VM, withHost } from "../flow/vm-agent.ts";
import { escapeLine } from "../output/escape.ts";
import { toSnakeCase } from "../output/snake-case.ts";
import { renderTable } from "../output/table.ts";
import { confirm } from "../terminal/confirm.ts";
import type { Session } from "../terminal/session.ts";

const ACTIONS = ["create", "list", "revert", "delete"] as const;
type Action = (typeof ACTIONS)[number];

const TEXT = { usage: "ghost vm snapshot", summary: "" };

const OPTIONS = {
  description: { kind: "string", value: "TEXT", doc: "For create: what the snapshot is good for." },
  yes: { kind: "boolean", alias: "y", doc: "For revert: do not ask." },
  ...CEILING,
  ...CONNECTION,
  ...OUTPUT,
} as const;

export const vmSnapshot: Command = defineCommand({
  description:
    "A snapshot holds the VM's disks and configuration, and its memory when it runs: then the guest stands still while it is made. Snapshots are kept inside the VM's disks, and go with them. After a revert the next plan shows what differs from the spec as drift.",
  positionals: [
    { name: "ACTION", doc: `One of ${ACTIONS.join(", ")}.`, required: true, oneOf: ACTIONS },
    VM,
    { name: "NAME", doc: "Name of the snapshot; made of the time for create when not given." },
  ],
  options: OPTIONS,
  examples: [
    { run: "ghost vm snapshot create my-vm before-upgrade --description 'PostgreSQL 15'", does: "keep what a VM is now" },
    { run: "ghost vm snapshot list my-vm", does: "its snapshots, oldest first" },
    { run: "ghost vm snapshot revert my-vm before-upgrade", does: "go back; what was written since is lost" },
    { run: "ghost vm snapshot delete my-vm before-upgrade", does: "forget what was kept; the VM stays as it is" },
  ],
  async run({ options, positionals }, session) {
    const [action, vm, name] = positionals as [Action, string, string | undefined];
    const given = { vm, options, session };
    if (action !== "list" && action !== "create" && name === undefined)
      throw usageProblem(`"${TEXT.usage} ${action}" needs the name of a snapshot.`, TEXT, `See them: ${TEXT.usage} list ${vm}`);
    if (action === "list" && name !== undefined) throw usageProblem(`"${TEXT.usage} list" takes no name of a snapshot.`, TEXT);
    return await withHost(options, session, (host, agent) => {
      const more: Given = { ...given, host, agent, name: name ?? nameOfNow(new Date()) };
      return action === "create" ? create(more) : action === "list" ? list(more) : action === "revert" ? revert(more) : remove(more);
    });
  },
});

interface Given {
  readonly host: HostClient;
  readonly agent: string;
  readonly vm: string;
  readonly name: string;
  readonly options: Invocation<typeof OPTIONS>["options"];
  readonly session: Session;
}

async function create(given: Given): Promise<ExitCode> {
  const { description = "" } = given.options;
  await actOn(given, "snapshot-create", { description });
  return told(given, "create", `VM ${escapeLine(given.vm)} has the snapshot ${escapeLine(given.name)}.`);
}

async function revert(given: Given): Promise<ExitCode> {
  const { host, vm, name, options, session } = given;
  if (!options.yes) {
    const what = `This takes VM ${vm} back to the snapshot ${name}`;
    if (!session.facts.canAsk)
      throw problem("CONFIRMATION_NEEDED", `${what}, what was written since is lost, and nobody can be asked here.`, {
        hint: "Say so with --yes.",
      });
    const snapshot = (await snapshotsOf(host, vm, session)).find((each) => each.name === name);
    // One that is not there the agent refuses, with the names of those that are.
    const question = `${what}${snapshot === undefined ? "" : ` of ${time(snapshot.createdAt)}`}; what was written since is lost.`;
    if (snapshot !== undefined && !(await confirm(session, escapeLine(question), "revert"))) {
      session.say("Nothing was changed.\n");
      return session.stop.aborted ? EXIT.interrupted : EXIT.error;
    }
  }
  const status = await actOn(given, "snapshot-revert", {});
  return told(given, "revert", `VM ${escapeLine(vm)} is what it was at ${escapeLine(name)}: ${escapeLine(status)}.`);
}

async function remove(given: Given): Promise<ExitCode> {
  await actOn(given, "snapshot-delete", {});
  return told(given, "delete", `VM ${escapeLine(given.vm)} has no snapshot ${escapeLine(given.name)} any more.`);
}

async function list({ host, vm, session }: Given): Promise<ExitCode> {
  const snapshots = await snapshotsOf(host, vm, session);
  for (const snapshot of snapshots) session.emit({ type: "snapshot", vm, ...toSnakeCase(snapshot) });
  const cells = snapshots.map(({ name, createdAt, status, parent = "", isCurrent, description }) => [
    isCurrent ? `${name} (current)` : name,
    time(createdAt),
    status,
    parent,
    description,
  ]);
  session.print(
    cells.length === 0
      ? `VM ${escapeLine(vm)} has no snapshots.\n`
      : renderTable(["name", "created", "status", "parent", "description"], cells, session.result),
  );
  return EXIT.ok;
}

function snapshotsOf(host: HostClient, vm: string, session: Session): ReturnType<HostClient["listVmSnapshots"]> {
  return host.listVmSnapshots(vm, { signal: session.stop });
}

async function actOn(
  { host, agent, vm, name, options, session }: Given,
  action: "snapshot-create" | "snapshot-revert" | "snapshot-delete",
  more: { readonly description?: string },
): Promise<string> {
  const maxImpact = options["max-impact"];
  const act = { vm, action, snapshot: name, ...more, ...(maxImpact && { maxImpact }) };
  return (await carryOut(host, agent, act, session)).vm?.status ?? "gone";
}

function told({ vm, name, session }: Given, action: Action, sentence: string): ExitCode {
  session.emit({ type: "vm_snapshot", action, vm, name });
  session.print(`${sentence}\n`);
  return EXIT.ok;
}

/** `at-20260131-120000`, in UTC. */
function nameOfNow(now: Date): string {
  return `at-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}`;
}

function time(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}
