import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { DomainConsole } from "../driver.ts";
import { openSimulatedHypervisor } from "./driver.ts";
import type { SimulatedHypervisor, SimulatedOptions } from "./driver.ts";

function opened(t: TestContext, options?: SimulatedOptions): { hypervisor: SimulatedHypervisor; uid: string } {
  const hypervisor = openSimulatedHypervisor(options);
  t.after(() => hypervisor[Symbol.asyncDispose]());
  return { hypervisor, uid: hypervisor.host.addForeignDomain({ name: "web", status: "running", uid: randomUUID() }) };
}

async function logOf(hypervisor: SimulatedHypervisor, uid: string, tailBytes?: number): Promise<string> {
  return Buffer.concat(await Array.fromAsync(hypervisor.consoleLog(uid, tailBytes === undefined ? {} : { tailBytes }))).toString();
}

/** Reads on until the text is there. */
async function heard(output: AsyncIterator<Uint8Array>, text: string): Promise<string> {
  let all = "";
  while (!all.includes(text)) {
    const next = await output.next();
    if (next.done === true) throw new Error(`ended after ${all}`);
    all += Buffer.from(next.value).toString();
  }
  return all;
}

const iterate = (console: DomainConsole): AsyncIterator<Uint8Array> => console.output[Symbol.asyncIterator]();

suite("the console of a simulated machine", () => {
  test("greets, and says back what is typed", async (t) => {
    const { hypervisor, uid } = opened(t);
    await using console = await hypervisor.openConsole(uid);
    const output = iterate(console);
    assert.match(await heard(output, "\r\n"), /console of web/);
    for (const [typed, said] of [
      ["hi\r", "hi\r\n"],
      ["a\nb\r\n", "a\r\nb\r\n"],
    ] as const) {
      await console.write(Buffer.from(typed));
      assert.equal(await heard(output, said), said);
    }
  });

  test("takes nothing more when nobody reads", async (t) => {
    const { hypervisor, uid } = opened(t);
    await using console = await hypervisor.openConsole(uid);
    await console.write(Buffer.alloc(100_000, "x"));
    let isTaken = false;
    const writing = console.write(Buffer.from("y")).then(() => (isTaken = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isTaken, false);
    await heard(iterate(console), "y");
    await writing;
  });

  test("ends when another process stops the machine", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "ghost-sim-"));
    t.after(() => rm(dir, { recursive: true }));
    const { hypervisor, uid } = opened(t, { dir });
    await using console = await hypervisor.openConsole(uid);
    await using other = openSimulatedHypervisor({ dir });
    other.host.setDomain("web", { status: "stopped" });
    await Array.fromAsync(console.output);
  });
});

suite("the log of a simulated machine", () => {
  test("keeps what every start wrote, and what was said since", async (t) => {
    const { hypervisor, uid } = opened(t);
    assert.equal((await logOf(hypervisor, uid)).match(/web is up/g)?.length, 1);
    await hypervisor.powerOff(uid);
    await hypervisor.start(uid);
    await (await hypervisor.openConsole(uid)).write(Buffer.from("hi\r"));
    const log = await logOf(hypervisor, uid);
    assert.equal(log.match(/web is up/g)?.length, 2);
    assert.ok(log.endsWith("hi\r\n"), log);
    assert.equal(await logOf(hypervisor, uid, 4), "hi\r\n");
  });

  test("has a bound, and who follows it misses nothing within", async (t) => {
    const { hypervisor, uid } = opened(t);
    const leave = new AbortController();
    const followed = hypervisor.consoleLog(uid, { follow: true, tailBytes: 1, signal: leave.signal })[Symbol.asyncIterator]();
    await followed.next();
    await using console = await hypervisor.openConsole(uid);
    await heard(followed, "console of web.\r\n");
    const output = iterate(console);
    for (const letter of "abc") {
      await console.write(Buffer.alloc(30_000, letter));
      await heard(output, letter);
      assert.match(await heard(followed, letter), new RegExp(`^${letter}+$`));
    }
    assert.equal((await logOf(hypervisor, uid)).length, 64 * 1024);
    const ended = followed.next();
    leave.abort();
    assert.equal((await ended).done, true);
  });

  test("goes with the machine, and so does who follows it", async (t) => {
    const { hypervisor, uid } = opened(t);
    await hypervisor.powerOff(uid);
    const followed = Array.fromAsync(hypervisor.consoleLog(uid, { follow: true }));
    await hypervisor.undefine(uid, { disks: "delete" });
    await followed;
    assert.equal(await logOf(hypervisor, uid), "");
  });
});
