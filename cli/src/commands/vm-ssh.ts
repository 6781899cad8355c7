/** `ghost vm ssh`: the system's ssh, to the address that the agent knows. */
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostClient } from "@ghost/proto/client";
import { problem } from "@ghost/schemas";
import type { Observation, ObservedVm } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { TERMINAL } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { formatDuration } from "../command/duration.ts";
import { CONNECTION, VM, withHost } from "../flow/vm-agent.ts";
import { findVm } from "../flow/vm-of-host.ts";
import { runProgram } from "../terminal/program.ts";

const POLL_MS = 500;
/** The user that an official cloud image makes, by the name of the image up to its version. */
const USERS: ReadonlyMap<string, string> = new Map([
  ["debian", "debian"],
  ["ubuntu", "ubuntu"],
]);

const CONNECT_TIMEOUT_S = 15;

interface Target {
  readonly uid: string;
  readonly address: string;
  /** Where nothing is known of its image, ssh's own choice. */
  readonly user: string | undefined;
}

export const vmSsh: Command = defineCommand({
  description:
    "Runs the system's ssh and ends with its exit code. A VM's host key is remembered by the VM's id: a new VM under an old address raises no false alarm, and a VM whose key changed does.",
  positionals: [VM, { name: "COMMAND", doc: "What to run there instead of a shell; write -- before it.", many: true }],
  options: {
    user: {
      kind: "string",
      value: "NAME",
      doc: "User in the guest; when not given, that of the image (debian, ubuntu), else ssh's default.",
    },
    jump: { kind: "string", value: "[USER@]HOST", doc: "Go through this host, where the VM's address is not reachable from here." },
    wait: { kind: "duration", value: "TIME", doc: "How long to wait for the VM to have an address; it must have one when not given." },
    ...CONNECTION,
    ...TERMINAL,
  },
  examples: [
    { run: "ghost vm ssh web", does: "a shell in the VM" },
    { run: "ghost vm ssh web --wait 2m --user root -- uptime", does: "one command, as soon as the VM has an address" },
    { run: "ghost vm ssh web --jump me@host-1", does: "reach a VM behind its host's NAT" },
  ],
  graceful: true,
  async run({ options, positionals: [vm = "", ...command] }, session) {
    let target: Target;
    try {
      target = await withHost(options, session, (host) => findTarget(host, vm, options.wait ?? 0, session.stop));
    } catch (reason) {
      if (session.stop.aborted) return EXIT.interrupted;
      throw reason;
    }
    const { uid, address } = target;
    const user = options.user ?? target.user;
    const args = [
      "-o",
      `HostKeyAlias=${uid}`,
      // Where nothing answers, the system's own patience is two minutes of silence.
      "-o",
      `ConnectTimeout=${CONNECT_TIMEOUT_S}`,
      ...(user === undefined ? [] : ["-l", user]),
      ...(options.jump === undefined ? [] : ["-J", options.jump]),
      "--",
      address,
      ...command,
    ];
    return await runProgram("ssh", args, session);
  },
});

/** Waits for an address no longer than given. VM_NOT_FOUND, VM_POWER_STATE, WAIT_TIMEOUT. */
async function findTarget(host: HostClient, idOrName: string, waitMs: number, signal: AbortSignal): Promise<Target> {
  for (let leftMs = waitMs; ; leftMs -= POLL_MS) {
    const found = await findVm(host, idOrName, { signal });
    if (found === undefined)
      throw problem("VM_NOT_FOUND", `The host has no VM with the id or name ${JSON.stringify(idOrName)}.`, {
        hint: "ghost vm list shows those that it has.",
      });
    const { vm } = found;
    if (vm.status !== "running")
      throw problem("VM_POWER_STATE", `VM "${vm.name}" is ${vm.status}, so nobody answers there.`, {
        hint: vm.status === "paused" ? `Let it go on: ghost vm resume ${vm.name}` : `Start it: ghost vm start ${vm.name}`,
      });
    // From the guest by way of the agent: nothing else may stand where ssh has its options.
    if (isIP(vm.ipAddress) !== 0) return { uid: vm.uid, address: vm.ipAddress, user: userOf(vm, found.host) };
    if (leftMs <= 0)
      throw problem(
        "WAIT_TIMEOUT",
        waitMs === 0 ? `VM "${vm.name}" has no address yet.` : `VM "${vm.name}" got no address within ${formatDuration(waitMs)}.`,
        { hint: `Wait for it with --wait 2m, or see what it does: ghost vm logs ${vm.name}` },
      );
    await sleep(Math.min(POLL_MS, leftMs), undefined, { signal });
  }
}

function userOf({ live }: ObservedVm, { templates }: Observation): string | undefined {
  const image = live.image ?? templates.find(({ name }) => name === live.template)?.config.image;
  return image === undefined ? undefined : USERS.get(image.replace(/-[\d.]+$/, ""));
}
