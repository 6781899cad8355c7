// The serial console of real machines: a boot sector that greets on the serial line and says back what comes.
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { DomainConsole } from "../../../agent/src/hypervisor/driver.ts";
import { consoleCalls } from "../../../agent/src/hypervisor/libvirt/console.ts";
import { ConsoleLogs } from "../../../agent/src/hypervisor/libvirt/console-log.ts";
import { domainState, findDomain } from "../../../libvirt/src/index.ts";
import { make, openWorkbench, rejects, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "qemu:///system";
const GREETING = "The machine greets.\r\n";

/*
 * Real-mode code at 0x7c00: writes the text behind it to the first serial port, then every byte that comes from there.
 *
 *       xor ax, ax; mov ds, ax; cld; mov si, text
 * next: lodsb; test al, al; jz echo; call put; jmp next
 * echo: mov dx, 0x3fd; in al, dx; test al, 1; jz echo; mov dx, 0x3f8; in al, dx; call put; jmp echo
 * put:  push ax; mov dx, 0x3fd; in al, dx; test al, 0x20; jz put+1; pop ax; mov dx, 0x3f8; out dx, al; ret
 * text:
 */
const CODE = "31c08ed8fcbe327cac84c07405e81300ebf6bafd03eca80174f8baf803ece80200ebef50bafd03eca82074f858baf803eec3";

function talkingDisk(): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  disk.write(CODE, "hex");
  disk.write(GREETING, CODE.length / 2, "latin1");
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

/** Reads on until the text is there. */
async function heard(output: AsyncIterator<Uint8Array>, text: string): Promise<string> {
  let all = "";
  while (!all.includes(text)) {
    const next = await output.next();
    if (next.done === true) throw new Error(`ended after ${JSON.stringify(all)}`);
    all += Buffer.from(next.value).toString("latin1");
  }
  return all;
}

const outputOf = (console: DomainConsole): AsyncIterator<Uint8Array> => console.output[Symbol.asyncIterator]();

suite("consoles of libvirt's machines", { skip: whyNot(...WORKBENCH_PROGRAMS) ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let bench: Workbench;
  let logs: ConsoleLogs;
  let calls: ReturnType<typeof consoleCalls>;
  before(async () => {
    daemon = await startLibvirtd();
    const image = path.join(daemon.folder, "talking.img");
    await writeFile(image, talkingDisk());
    bench = await openWorkbench(daemon, { image });
    logs = new ConsoleLogs(bench.folders.consoles, { mostBytes: 8 * 1024, keptBytes: 1024 });
    calls = consoleCalls(bench.parts, logs);
  });
  after(async () => {
    logs?.[Symbol.dispose]();
    await bench?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  async function running(t: TestContext): Promise<string> {
    const { uid } = await make(t, bench);
    await bench.calls.start(uid);
    return uid;
  }

  test("a person types, and the machine answers; nothing is changed on the way", async (t) => {
    const uid = await running(t);
    await using console = await calls.openConsole(uid);
    const output = outputOf(console);
    await heard(output, GREETING);
    await console.write(Buffer.from("who are you\u0003\u00ff\r", "latin1"));
    assert.match(await heard(output, "\r"), /who are you\u0003\u00ff\r/);
  });

  test("one person at a time; who takes it ends it for the other", async (t) => {
    const uid = await running(t);
    await using first = await calls.openConsole(uid);
    const firstEnds = Array.fromAsync(first.output);
    await rejects(calls.openConsole(uid), "HOST_ERROR", /"web" is open already/);
    await using second = await calls.openConsole(uid, { force: true });
    await firstEnds;
    await rejects(first.write(Buffer.from("x")), "HOST_ERROR", /ended/);
    const output = outputOf(second);
    await second.write(Buffer.from("mine"));
    await heard(output, "mine");
    await second[Symbol.asyncDispose]();
    await (await calls.openConsole(uid))[Symbol.asyncDispose]();
  });

  test("it ends when the machine is powered off behind the agent, and a stopped machine has none", async (t) => {
    const uid = await running(t);
    await using console = await calls.openConsole(uid);
    const ends = Array.fromAsync(console.output);
    await daemon.virsh(URI, "destroy", uid);
    await ends;
    await rejects(calls.openConsole(uid), "VM_POWER_STATE", /"web" is stopped/);
  });

  test("a machine that takes nothing, and a person who reads nothing, hold nobody else up", async (t) => {
    const uid = await running(t);
    const greeted = await calls.openConsole(uid);
    await heard(outputOf(greeted), "greets.");
    await greeted[Symbol.asyncDispose]();
    await daemon.virsh(URI, "suspend", uid);
    await using console = await calls.openConsole(uid);
    // Far more than libvirtd, QEMU and the line between them take.
    const typing = Promise.all(Array.from({ length: 400 }, () => console.write(Buffer.alloc(16_384, "x"))));
    typing.catch(() => {});
    for (const caller of [bench.parts.ask, bench.parts.work]) {
      const domain = await findDomain(caller, uid);
      assert.equal((await domainState(caller, domain!)).state, "paused");
    }
    await bench.calls.powerOff(uid);
    await console[Symbol.asyncDispose]();
  });

  test("the end of libvirtd is told, and the machine's console is there again with it", async (t) => {
    const uid = await running(t);
    await using console = await calls.openConsole(uid);
    const ends = assert.rejects(Array.fromAsync(console.output), { name: "GhostError", message: /HOST_ERROR.*console of "web"/s });
    await daemon.end("TERM");
    await ends;
    await daemon.start();
    let again: DomainConsole | undefined;
    for (; again === undefined; await new Promise((resolve) => setTimeout(resolve, 100))) {
      again = await calls.openConsole(uid).catch(() => undefined);
    }
    await again.write(Buffer.from("still there"));
    await heard(outputOf(again), "still there");
    await again[Symbol.asyncDispose]();
  });

  test("the log keeps what each start wrote, is followed, and has a bound", async (t) => {
    const { uid } = await make(t, bench);
    assert.deepEqual(await Array.fromAsync(calls.consoleLog(uid)), []);
    const leave = new AbortController();
    const followed = calls.consoleLog(uid, { follow: true, signal: leave.signal })[Symbol.asyncIterator]();
    for (const _start of [1, 2]) {
      await bench.calls.start(uid);
      await heard(followed, "greets.\r\n");
      await bench.calls.powerOff(uid);
    }
    const kept = Buffer.concat(await Array.fromAsync(calls.consoleLog(uid))).toString("latin1");
    assert.equal(kept.split(GREETING).length, 3);
    assert.equal(Buffer.concat(await Array.fromAsync(calls.consoleLog(uid, { tailBytes: 9 }))).toString(), "greets.\r\n");
    assert.equal(await readFile(path.join(bench.folders.consoles, `${uid}.log`), "latin1"), kept);

    // QEMU has the file open while it is cut, and goes on at its end.
    await bench.calls.start(uid);
    await heard(followed, "greets.\r\n");
    await using console = await calls.openConsole(uid);
    const output = outputOf(console);
    for (let sent = 0; sent < 10 * 1024; sent += 1024) {
      await console.write(Buffer.alloc(1024, "z"));
      for (let back = 0; back < 1024;) back += (await output.next()).value?.length ?? Infinity;
    }
    const log = path.join(bench.folders.consoles, `${uid}.log`);
    assert.ok((await stat(log)).size > 8 * 1024);
    logs.trim();
    assert.equal((await stat(log)).size, 1024);
    await console.write(Buffer.from("after"));
    await heard(output, "after");
    await heard(followed, "after");
    assert.equal((await stat(log)).size, 1029);
    leave.abort();
  });
});
