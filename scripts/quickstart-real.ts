/**
 * The quickstart with a real guest: a small Linux on libvirt that answers over HTTP. What this machine has for it is used
 * as it is; as root, where nothing is, it sets up a host of its own. Whatever it has made is gone at its end, also at
 * Ctrl-C.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { guestImage } from "../test/machine/support/guest-image.ts";
import type { Agent } from "./quickstart/agent.ts";
import { startAgent } from "./quickstart/agent.ts";
import { Errands, Stop } from "./quickstart/errands.ts";
import { openLibvirt } from "./quickstart/libvirt.ts";
import type { Libvirt } from "./quickstart/libvirt.ts";
import { say, sayCommand, title } from "./quickstart/tell.ts";

const SPEC = path.relative(process.cwd(), path.resolve(import.meta.dirname, "../examples/real")) || ".";
const VM = "first-guest";
/** A guest without KVM on a busy machine is slow. */
const BALLOON_TIMEOUT_MS = 60_000;
const BETWEEN_LOOKS_MS = 200;
const EXIT_INTERRUPTED = 130;
const startedAt = performance.now();

/** Something that was made could not be removed. */
class Remains extends Error {
  override readonly name = "Remains";
}

const errands = new Errands();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!errands.isInterrupted) say("\nInterrupted: what runs comes to its end, then everything is removed.");
    errands.interrupt();
  });
}
// A terminal that was closed takes no words; what was made is removed all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
try {
  await using libvirt = await openLibvirt();
  errands.throwIfInterrupted();
  await onHost(libvirt);
  say("Everything that this has made is removed.");
} catch (reason) {
  const isInterrupted = errands.isInterrupted && !(reason instanceof Remains);
  say(isInterrupted ? "Interrupted." : `\nThe quickstart stops here. ${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = isInterrupted ? EXIT_INTERRUPTED : 1;
}

async function onHost(libvirt: Libvirt): Promise<void> {
  say(
    libvirt.isOwn
      ? "Ghost quickstart with a REAL guest, on a libvirt of its own that is gone afterwards."
      : `Ghost quickstart with a REAL guest, on this machine's libvirt (${libvirt.uri}). It makes one machine, ${VM}, and removes it; other machines stay as they are.`,
  );
  say("\nThe guest is a small Linux of Debian's packages; its image is made once and then kept in the cache (seconds) …");
  const image = await makeImage();
  errands.throwIfInterrupted();

  title("1. An agent on the host of the machines");
  await using agent = await startAgent(libvirt.uri);
  Object.assign(errands.env, {
    GHOST_VAR_agent: agent.address,
    GHOST_VAR_image: image,
    GHOST_AGENT_ADDRESS: agent.address,
    LIBVIRT_DEFAULT_URI: libvirt.uri,
  });
  for (const [name, value] of Object.entries(errands.env)) sayCommand(["export", `${name}=${value}`]);
  let mayBeThere = false;
  try {
    await story(libvirt, () => (mayBeThere = true));
  } catch (reason) {
    if (!errands.isInterrupted) say(`\nThe last lines of the agent's log:\n${await agent.lastWords()}`);
    throw reason;
  } finally {
    // Where libvirt is this machine's, the guest would stay on it.
    if (mayBeThere && !libvirt.isOwn) await removeGuest(agent);
  }
}

async function makeImage(): Promise<string> {
  try {
    return await guestImage();
  } catch (reason) {
    const said = reason instanceof Error ? reason.message.trim().split("\n") : [String(reason)];
    throw new Stop(
      `The guest's image cannot be made. It is made of packages that apt has to fetch once; the last that was said:\n${said.at(-1)}`,
      { cause: reason },
    );
  }
}

/** `onApply` is called before there may be something to remove. */
async function story({ enter }: Libvirt, onApply: () => void): Promise<void> {
  const ghost = async (...args: readonly string[]): Promise<void> => await errands.ghost(...args, "-f", SPEC);

  title("2. Plan: what would be made");
  await ghost("plan");

  title("3. Apply: the machine is made, started, and has an address");
  onApply();
  await ghost("apply", "--yes");
  await ghost("status");
  await errands.run("virsh list --all");

  title("4. The guest answers");
  const curl = [...enter, "curl", "-sS", "--retry", "9", "--retry-connrefused", `http://${(await statusOfGuest()).ip_address}`].join(" ");
  await errands.run(`${curl}/`);
  await errands.run(`${curl}/cgi-bin/facts`);
  say("");
  const memoryInGuest = `${curl}/cgi-bin/facts | grep -o '"memoryKib":[0-9]*'`;

  title("5. Somebody takes memory from the machine behind our back: that is drift");
  await errands.run(`virsh setmem ${VM} 1GiB --live`);
  await untilSeen();
  await errands.run(memoryInGuest);
  await ghost("plan");

  title("6. Apply puts it right, while the machine runs");
  await ghost("apply", "--yes");
  await errands.run(memoryInGuest);
  await ghost("plan", "--detailed-exitcode");

  title("7. Other values, and what they would do to the running machine");
  await ghost("plan", "--var", "ram_gb=3");
  await ghost("plan", "--var", "ram_gb=4", "--var", "ram_max_gb=4");

  title("8. What it wrote on its console");
  if (process.getuid?.() === 0) await errands.ghost("vm", "logs", VM);
  else say(`libvirt writes that as root, and this agent is not: one that runs as the service does shows it (npx ghost vm logs ${VM}).`);

  title("9. Remove it, with its disk");
  await ghost("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
  await errands.run("virsh list --all");

  title(`Done in ${((performance.now() - startedAt) / 1000).toFixed(0)} s. Where to go from here`);
  say(`  the spec                ${path.join(SPEC, "ghost.yaml")}; ${path.join(SPEC, "README.md")} says how to apply it on a host of your own
  an agent that stays     docs/agent.md
  more of what a plan says   npm run quickstart
  every command           npx ghost --help`);
}

/** Remains when it cannot. */
async function removeGuest(agent: Agent): Promise<void> {
  const last = new Errands(errands.env);
  try {
    if (!(await last.read("virsh list --all --name")).split("\n").includes(VM)) return;
    title("Removing the guest");
    say(await last.readGhost("destroy", "-f", SPEC, "--yes", "--max-impact", "data-loss", "--max-destroy", "1"));
  } catch (reason) {
    agent.keepFolder();
    throw new Remains(
      `${reason instanceof Error ? reason.message : String(reason)}\nThe machine ${VM} may still be there, with its disk in ${agent.folder}. ` +
        `By hand: virsh destroy ${VM}; virsh undefine ${VM} && rm -r ${agent.folder}`,
      { cause: reason },
    );
  }
}

interface Row {
  readonly name: string;
  readonly ip_address: string;
  readonly mark: string;
}

async function statusOfGuest(): Promise<Row> {
  const lines = (await errands.readGhost("status", "-f", SPEC, "--json")).split("\n").filter((line) => line !== "");
  const row = lines.map((line) => JSON.parse(line) as Partial<Row>).find(({ name }) => name === VM);
  if (row === undefined) throw new Stop(`The agent knows of no ${VM}.`);
  return row as Row;
}

/** Memory changes hands when the guest's driver gets to it, and counts when it has come to rest. */
async function untilSeen(): Promise<void> {
  const until = performance.now() + BALLOON_TIMEOUT_MS;
  while ((await statusOfGuest()).mark !== "drift") {
    if (performance.now() > until) throw new Stop("The guest gives no memory away.");
    await sleep(BETWEEN_LOOKS_MS);
  }
}
