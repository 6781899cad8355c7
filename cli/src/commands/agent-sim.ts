/** Changes a simulated host behind its agent's back, as somebody at the machine would with virsh. */
import path from "node:path";
import { openSimulatedHost } from "@ghost/agent";
import type { Fault, SimulatedHost } from "@ghost/agent";
import { parseBehindChange, parseCall, parseLatency, parseNumbers, SIM_KEYS } from "../agents/sim-values.ts";
import { defineCommand } from "../command/command.ts";
import type { Command, Invocation } from "../command/command.ts";
import { OUTPUT, SPEC } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import { embeddedAgent } from "../flow/embedded-agents.ts";
import { escapeLine } from "../output/escape.ts";
import { plural } from "../output/plan-model.ts";
import { toSnakeCase } from "../output/snake-case.ts";
import { renderTable } from "../output/table.ts";
import { showNumber } from "../output/value.ts";
import type { Session } from "../terminal/session.ts";

const ACTIONS = ["show", "set", "add", "remove", "latency", "fault", "resources"] as const;
type Action = (typeof ACTIONS)[number];

const TEXT = { usage: "ghost agent sim", summary: "" };
const RESOURCES = ["vcpu", "ram_gb", "disk_gb"] as const;

const OPTIONS = {
  dir: { kind: "string", value: "DIR", doc: "Folder of the simulated host, instead of finding it through the spec." },
  error: {
    kind: "string",
    value: "ERROR",
    doc: "For fault: disk-full, hypervisor-down, timeout, crash (kills the agent), or any text; disk-full when not given.",
  },
  times: { kind: "integer", min: 1, value: "N", doc: "For fault: how often; once when not given." },
  name: { kind: "string", value: "NAME", doc: "For fault: only for this VM." },
  after: { kind: "boolean", doc: "For fault: the call takes effect first, and then fails." },
  clear: { kind: "boolean", doc: "For fault: remove all faults." },
  "keep-disks": { kind: "boolean", doc: "For remove: leave the disks." },
  ...SPEC,
  ...OUTPUT,
} as const;

export const agentSim: Command = defineCommand({
  description: `Keys for set and add: ${SIM_KEYS.join(", ")}.`,
  positionals: [
    { name: "ACTION", doc: `One of ${ACTIONS.join(", ")}.`, required: true, oneOf: ACTIONS },
    { name: "AGENT[/NAME]", doc: "The agent in the spec, and the VM for set, add and remove.", required: true },
    { name: "WORDS", doc: "KEY=VALUE for set, add, latency and resources; the call for fault.", many: true },
  ],
  options: OPTIONS,
  examples: [
    { run: "ghost agent sim show desk", does: "what the simulated host has" },
    { run: "ghost agent sim set desk/web-1 ram_gb=8", does: "make drift" },
    { run: "ghost agent sim add desk/handmade vcpu=2", does: "a VM that nobody knows" },
    { run: "ghost agent sim latency desk define=200 address=1000", does: "calls that take time, in milliseconds" },
    { run: "ghost agent sim fault desk createDisk --error disk-full --times 1", does: "a call that fails once" },
    { run: "ghost agent sim resources desk ram_gb=16", does: "a smaller host" },
  ],
  async run({ options, positionals }, session) {
    const [action, object, ...words] = positionals as [Action, string, ...string[]];
    const at = object.indexOf("/");
    const [agent, vm] = at < 0 ? [object, undefined] : [object.slice(0, at), object.slice(at + 1)];
    const dir = options.dir === undefined ? (await embeddedAgent(agent, options, session)).dir : path.resolve(session.cwd, options.dir);
    using host = openSimulatedHost(dir);
    act({ action, host, vm, words, options, session });
    return EXIT.ok;
  },
});

interface Act {
  readonly action: Action;
  readonly host: SimulatedHost;
  readonly vm: string | undefined;
  readonly words: readonly string[];
  readonly options: Invocation<typeof OPTIONS>["options"];
  readonly session: Session;
}

function act(given: Act): void {
  const { action, host, words, options, session } = given;
  const done = (what: string): void => {
    session.emit({ type: "simulated", action, vm: given.vm, words });
    session.print(`${what}\n`);
  };
  switch (action) {
    case "show":
      return showHost(given);
    case "set":
      host.setDomain(requireVm(given), parseBehindChange(requireWords(given, "KEY=VALUE")));
      return done(`VM ${escapeLine(requireVm(given))} is changed on the simulated host.`);
    case "add": {
      const { where: _, ...domain } = parseBehindChange(words);
      host.addForeignDomain({ ...domain, name: requireVm(given) });
      return done(`VM ${escapeLine(requireVm(given))} is on the simulated host; no agent knows it.`);
    }
    case "remove":
      host.removeDomain(requireVm(given), { keepDisks: options["keep-disks"] });
      return done(`VM ${escapeLine(requireVm(given))} is gone from the simulated host.`);
    case "latency":
      host.setLatency(parseLatency(requireWords(given, "CALL=MILLISECONDS")));
      return done("The simulated host is slower, or quicker, from now on.");
    case "resources":
      host.setResources(parseNumbers(requireWords(given, "KEY=NUMBER"), RESOURCES));
      return done("The simulated host has other resources from now on.");
    case "fault":
      if (options.clear) {
        host.clearFaults();
        return done("The simulated host has no faults any more.");
      }
      host.addFault(faultOf(given));
      return done(`The simulated host has ${plural(host.listFaults().length, "fault")}.`);
  }
}

function faultOf({ words, options }: Act): Fault {
  const [call] = words;
  if (call === undefined || words.length > 1) throw usageProblem("fault needs one call, like createDisk, or * for every call.", TEXT);
  return {
    call: parseCall(call),
    error: options.error ?? "disk-full",
    times: options.times ?? 1,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.after && { moment: "after" as const }),
  };
}

function showHost({ host, vm, session }: Act): void {
  const domains = host.listDomains().filter(({ live }) => vm === undefined || live.name === vm);
  for (const { uid, status, live, stored } of domains) session.emit({ type: "domain", ...toSnakeCase({ uid, status, live, stored }) });
  if (domains.length === 0) session.print("The simulated host has no VMs.\n");
  else
    session.print(
      renderTable(
        ["name", "status", "vcpu", "ram", "disks", "networks", "address"],
        domains.map(({ status, live, ipAddress }) => [
          live.name,
          status,
          String(live.vcpu),
          `${showNumber(live.ramGb)} GiB`,
          Object.entries(live.disks)
            .map(([name, { sizeGb }]) => `${name} ${showNumber(sizeGb)} GiB`)
            .join(", "),
          Object.entries(live.nics)
            .map(([name, { network, bridge }]) => `${name} ${network ?? bridge ?? ""}`)
            .join(", "),
          ipAddress,
        ]),
        session.result,
      ),
    );
  const faults = host.listFaults();
  for (const fault of faults) session.emit({ type: "fault", ...fault });
  if (faults.length > 0)
    session.print(
      `Faults: ${faults.map(({ call, error, times }) => `${call} (${escapeLine(error)}${times < 0 ? "" : `, ${times}×`})`).join(", ")}\n`,
    );
}

function requireVm({ action, vm }: Act): string {
  if (vm === undefined || vm === "") throw usageProblem(`${action} needs AGENT/NAME.`, TEXT);
  return vm;
}

function requireWords({ action, words }: Act, what: string): readonly string[] {
  if (words.length === 0) throw usageProblem(`${action} needs ${what}.`, TEXT);
  return words;
}
