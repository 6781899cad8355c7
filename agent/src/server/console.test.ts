import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { DiagnosticCode } from "@ghost/schemas";
import { openServed } from "./testdata/served.ts";
import type { Served } from "./testdata/served.ts";

async function running(t: TestContext): Promise<Served> {
  const served = await openServed(t);
  served.hypervisor.host.addForeignDomain({ name: "web", uid: "7b0e2a3c-0000-4000-8000-000000000001", status: "running" });
  return served;
}

function refusal(code: DiagnosticCode, detail: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.deepEqual([error.diagnostics[0].code, error.diagnostics[0].agent], [code, "desk"], error.message);
    assert.match(error.diagnostics[0].detail, detail);
    return true;
  };
}

async function heard(output: AsyncIterator<Uint8Array>, text: string): Promise<void> {
  let all = "";
  while (!all.includes(text)) {
    const next = await output.next();
    if (next.done === true) throw new Error(`ended after ${all}`);
    all += Buffer.from(next.value).toString("latin1");
  }
}

suite("Console", () => {
  test("carries bytes both ways as they are, and counts as one call", async (t) => {
    const { host, rpcs, hypervisor } = await running(t);
    {
      await using console = await host.openConsole("web");
      const output = console.output[Symbol.asyncIterator]();
      await heard(output, "This is the console of web.");
      await console.write(Buffer.from([0x1b, 0xff, 0x00, 0x03]));
      await heard(output, "\u001b\u00ff\u0000\u0003");
    }
    // The agent hears of it a moment later.
    while (rpcs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      rpcs.map(({ method, code, mutating }) => [method, code, mutating]),
      [["Console", rpcs[0]?.code, true]],
    );
    assert.ok(["OK", "CANCELLED"].includes(rpcs[0]?.code ?? ""));
    // And has let go of the console.
    await (await hypervisor.openConsole("7b0e2a3c-0000-4000-8000-000000000001"))[Symbol.asyncDispose]();
  });

  test("is one person's at a time, and ends for whom it is taken from", async (t) => {
    const { host } = await running(t);
    await using first = await host.openConsole("web");
    await assert.rejects(host.openConsole("web"), refusal("HOST_ERROR", /open already/));
    const ended = Array.fromAsync(first.output);
    await using second = await host.openConsole("web", { force: true });
    await ended;
    await second.write(Buffer.from("x"));
  });

  test("ends with the machine", async (t) => {
    const { host, hypervisor } = await running(t);
    await using console = await host.openConsole("web");
    const ended = Array.fromAsync(console.output);
    hypervisor.host.setDomain("web", { status: "stopped" });
    await ended;
    await console.write(Buffer.from("x"));
    await assert.rejects(host.openConsole("web"), refusal("VM_POWER_STATE", /is stopped/));
    await assert.rejects(host.openConsole("shop"), refusal("VM_NOT_FOUND", /shop/));
  });

  test("ends when the agent does, and does not keep it from ending", async (t) => {
    const { host, server } = await running(t);
    await using console = await host.openConsole("web");
    const ended = Array.fromAsync(console.output);
    await server.close(10_000);
    await ended;
  });

  test("a reader who does not read holds the machine up, not the agent", async (t) => {
    const { host, hypervisor } = await running(t);
    await using console = await host.openConsole("web");
    let taken = 0;
    const typing = (async () => {
      for (; taken < 4_000; taken++) await console.write(Buffer.alloc(16_384, "x"));
    })();
    // All that may wait on the way is full some time.
    for (let before = -1; before !== taken; await new Promise((resolve) => setTimeout(resolve, 200))) before = taken;
    assert.ok(taken < 4_000, `${taken} of 4000 messages of 16 KiB were taken`);
    await host.snapshot("");
    hypervisor.host.setDomain("web", { status: "stopped" });
    await Array.fromAsync(console.output);
    await typing;
  });
});

suite("ConsoleLog", () => {
  test("tells what was written, the end of it, and what comes", async (t) => {
    const { host, hypervisor } = await running(t);
    const whole = Buffer.concat(await Array.fromAsync(host.consoleLog("web"))).toString();
    assert.match(whole, /web is up\r\n$/);
    assert.equal(Buffer.concat(await Array.fromAsync(host.consoleLog("web", { tailBytes: 4 }))).toString(), "up\r\n");
    const leave = new AbortController();
    const followed = host.consoleLog("web", { follow: true, tailBytes: 1, signal: leave.signal })[Symbol.asyncIterator]();
    await heard(followed, "\n");
    hypervisor.host.setDomain("web", { status: "stopped" });
    hypervisor.host.setDomain("web", { status: "running" });
    await heard(followed, "web is up");
    const next = followed.next();
    leave.abort();
    await assert.rejects(next, { name: "AbortError" });
    await assert.rejects(Array.fromAsync(host.consoleLog("shop")), refusal("VM_NOT_FOUND", /shop/));
  });

  test("followed, it does not keep the agent from ending", async (t) => {
    const { host, server } = await running(t);
    const followed = host.consoleLog("web", { follow: true })[Symbol.asyncIterator]();
    await followed.next();
    const rest = (async () => {
      while ((await followed.next()).done !== true);
    })();
    await server.close(10_000);
    await rest;
  });
});
