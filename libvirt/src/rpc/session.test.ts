import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { KEEPALIVE_PROGRAM } from "../../gen/constants.ts";
import type { LibvirtError } from "../error.ts";
import { FakeLibvirtd, connectedPair } from "../testdata/fake-libvirtd.ts";
import { encodePacket } from "./packet.ts";
import { Session } from "./session.ts";
import type { SessionOptions } from "./session.ts";

const HOSTNAME = "REMOTE_PROC_CONNECT_GET_HOSTNAME";
const STATS = "REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS";
const DESTROY = "REMOTE_PROC_DOMAIN_DESTROY_FLAGS";
const CONSOLE = "REMOTE_PROC_DOMAIN_OPEN_CONSOLE";
const REBOOTED = "REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT";
const dom = { name: "a", uuid: new Uint8Array(16), id: -1 };
const stats = { doms: [], stats: 0, flags: 0 };

function open(t: TestContext, options: SessionOptions = {}): { readonly session: Session; readonly server: FakeLibvirtd } {
  const [client, other] = connectedPair();
  const session = new Session(client, { keepAlive: false, ...options });
  t.after(() => session[Symbol.asyncDispose]());
  return { session, server: new FakeLibvirtd(other) };
}

suite("calls", () => {
  test("answers find their calls in whatever order they come", async (t) => {
    const { session, server } = open(t);
    const calls = ["a", "b", "c"].map(() => session.call(HOSTNAME, undefined));
    const received = [await server.next(HOSTNAME), await server.next(HOSTNAME), await server.next(HOSTNAME)];
    for (const [index, call] of received.entries()) if (index !== 1) server.reply(call, HOSTNAME, { hostname: `host-${index}` });
    server.reply(received[1]!, HOSTNAME, { hostname: "host-1" });
    assert.deepEqual(await Promise.all(calls), [{ hostname: "host-0" }, { hostname: "host-1" }, { hostname: "host-2" }]);
  });

  test("a refusal has libvirt's code, domain and message, and its names for them", async (t) => {
    const { session, server } = open(t);
    const call = session.call(HOSTNAME, undefined);
    server.fail(await server.next(HOSTNAME), { code: 42, domain: 10, message: "Domain not found" });
    await assert.rejects(call, {
      name: "LibvirtError",
      source: "server",
      message: "Domain not found",
      code: 42,
      codeName: "VIR_ERR_NO_DOMAIN",
      domain: 10,
      domainName: "VIR_FROM_QEMU",
      level: 2,
      procedure: HOSTNAME,
    });
  });

  test("a code that is not known keeps its number", async (t) => {
    const { session, server } = open(t);
    const call = session.call(HOSTNAME, undefined);
    server.fail(await server.next(HOSTNAME), { code: 9999, domain: 8888 });
    await assert.rejects(call, {
      code: 9999,
      codeName: undefined,
      domain: 8888,
      domainName: undefined,
      message: "Libvirt gave no message.",
    });
  });

  test("arguments that do not fit are refused before anything is sent", async (t) => {
    const { session, server } = open(t);
    await assert.rejects(session.call("REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS", { xml: "a\0b", flags: 0 }), {
      source: "protocol",
      message: /cannot be sent\. .*\.xml: A text holds a NUL/,
    });
    const after = session.call(HOSTNAME, undefined);
    server.reply(await server.next(HOSTNAME), HOSTNAME, { hostname: "x" });
    await after;
  });

  test("a signal ends the wait with its reason, and the late answer is ignored", async (t) => {
    const { session, server } = open(t);
    const controller = new AbortController();
    const call = session.call(HOSTNAME, undefined, { signal: controller.signal });
    const received = await server.next(HOSTNAME);
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(call, reason);
    server.reply(received, HOSTNAME, { hostname: "late" });
    const second = session.call(HOSTNAME, undefined);
    server.reply(await server.next(HOSTNAME), HOSTNAME, { hostname: "x" });
    assert.deepEqual(await second, { hostname: "x" });
    await assert.rejects(session.call(HOSTNAME, undefined, { signal: controller.signal }), reason);
  });

  test("a timeout names the call", async (t) => {
    const { session, server } = open(t, { callTimeoutMs: 1 });
    const call = session.call(HOSTNAME, undefined);
    await server.next(HOSTNAME);
    await assert.rejects(call, {
      source: "timeout",
      codeName: "VIR_ERR_OPERATION_TIMEOUT",
      message: /GET_HOSTNAME was not answered within 0\.001 s/,
    });
  });
});

suite("how much is with the server at once", () => {
  test("what is over the limit waits; one place is kept for what never waits for a guest", async (t) => {
    const { session, server } = open(t, { maxCallsInFlight: 3 });
    const slow = [1, 2, 3].map(() => session.call(STATS, stats));
    const first = await server.next(STATS);
    await server.next(STATS);
    const urgent = session.call(DESTROY, { dom, flags: 0 });
    server.reply(await server.next(DESTROY), DESTROY, undefined);
    await urgent;
    assert.equal(server.received.length, 0, "the third slow call waits for one of the first two");
    server.reply(first, STATS, { retStats: [] });
    await slow[0];
    await server.next(STATS);
    server.end();
    await Promise.allSettled(slow);
  });

  test("a call that nobody waits for any more keeps its place until it is answered", async (t) => {
    const { session, server } = open(t, { maxCallsInFlight: 2 });
    const controller = new AbortController();
    const hung = session.call(STATS, stats, { signal: controller.signal });
    const received = await server.next(STATS);
    controller.abort();
    await assert.rejects(hung);
    const next = session.call(STATS, stats);
    const urgent = session.call(HOSTNAME, undefined);
    server.reply(await server.next(HOSTNAME), HOSTNAME, { hostname: "x" });
    await urgent;
    assert.equal(server.received.length, 0);
    server.reply(received, STATS, { retStats: [] });
    server.reply(await server.next(STATS), STATS, { retStats: [] });
    await next;
  });

  test("one that gave up in line is never sent", async (t) => {
    const { session, server } = open(t, { maxCallsInFlight: 1 });
    const first = session.call(STATS, stats);
    const controller = new AbortController();
    const second = session.call(STATS, { ...stats, stats: 2 }, { signal: controller.signal });
    const third = session.call(STATS, { ...stats, stats: 3 });
    controller.abort();
    await assert.rejects(second);
    server.reply(await server.next(STATS), STATS, { retStats: [] });
    const sent = await server.next(STATS);
    assert.deepEqual(sent.args, { ...stats, stats: 3 });
    server.reply(sent, STATS, { retStats: [] });
    await Promise.all([first, third]);
  });
});

suite("messages", () => {
  test("reach the listeners until they stop; unknown ones reach nobody", async (t) => {
    const { session, server } = open(t);
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = session.onMessage((name) => {
      seen.push(name);
      if (seen.length === 2) resolve();
    });
    server.write(encodePacket({ program: 0x20008086, procedure: 9999, type: "message", serial: 0, status: "ok" }));
    for (const callbackID of [1, 2]) server.message(REBOOTED, { callbackID, msg: { dom } });
    await promise;
    stop();
    server.message(REBOOTED, { callbackID: 3, msg: { dom } });
    const call = session.call(HOSTNAME, undefined);
    server.reply(await server.next(HOSTNAME), HOSTNAME, { hostname: "x" });
    await call;
    assert.deepEqual(seen, [REBOOTED, REBOOTED]);
  });
});

suite("keep-alive", () => {
  const ping = (procedure: number): Buffer =>
    encodePacket({ program: KEEPALIVE_PROGRAM, procedure, type: "message", serial: 0, status: "ok" });

  test("the server's question is answered", async (t) => {
    const { server } = open(t);
    server.write(ping(1));
    assert.equal((await server.nextWhere(({ program }) => program === KEEPALIVE_PROGRAM)).procedure, 2);
  });

  test("a silent server is asked, and given up after so many questions", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { session, server } = open(t, { keepAlive: { intervalMs: 1000, count: 2 } });
    const call = session.call(HOSTNAME, undefined);
    const rejected = assert.rejects(call, { source: "disconnected", message: /not answered for 2 s/ });
    t.mock.timers.tick(1000);
    t.mock.timers.tick(2000);
    await server.nextWhere(({ program, procedure }) => program === KEEPALIVE_PROGRAM && procedure === 1);
    assert.equal(session.end, undefined);
    t.mock.timers.tick(1000);
    await rejected;
  });

  test("a server that answers is kept", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { session, server } = open(t, { keepAlive: { intervalMs: 1000, count: 2 } });
    t.mock.timers.tick(1000);
    for (let turn = 0; turn < 10; turn++) {
      t.mock.timers.tick(2000);
      await server.nextWhere(({ program }) => program === KEEPALIVE_PROGRAM);
      server.write(ping(2));
      await new Promise(setImmediate);
    }
    assert.equal(session.end, undefined);
  });
});

suite("streams", () => {
  const args = { dom, dev_name: undefined, flags: 0 };

  async function openConsole(t: TestContext, options?: SessionOptions) {
    const { session, server } = open(t, options);
    const opening = session.openStream(CONSOLE, args);
    const call = await server.next(CONSOLE);
    server.reply(call, CONSOLE, undefined);
    return { session, server, call, stream: await opening };
  }

  test("bytes go both ways until the server ends it", async (t) => {
    const { server, call, stream } = await openConsole(t);
    await stream.write(Buffer.from("in"));
    const sent = await server.nextWhere(({ type }) => type === "stream");
    assert.deepEqual([Buffer.from(sent.bytes).toString(), sent.serial, sent.status], ["in", call.serial, "continue"]);
    server.stream(call, "continue", Buffer.from("one "));
    server.stream(call, "continue", Buffer.from("two"));
    server.stream(call, "ok");
    const parts: string[] = [];
    for await (const bytes of stream) parts.push(Buffer.from(bytes).toString());
    assert.equal(parts.join(""), "one two");
  });

  test("an empty packet is the end, and the server is told that it was understood", async (t) => {
    const { server, call, stream } = await openConsole(t);
    server.stream(call, "continue", Buffer.from("last"));
    server.stream(call, "continue");
    assert.equal((await server.nextWhere(({ type }) => type === "stream")).status, "ok");
    assert.equal(Buffer.concat(await Array.fromAsync(stream)).toString(), "last");
    server.stream(call, "ok");
    assert.equal(server.received.length, 0);
  });

  test("closing it tells the server, and what still comes is ignored", async (t) => {
    const { session, server, call, stream } = await openConsole(t);
    await stream.close();
    await stream.close();
    assert.equal((await server.nextWhere(({ type }) => type === "stream")).status, "error");
    server.stream(call, "continue", Buffer.from("late"));
    const after = session.call(HOSTNAME, undefined);
    server.reply(await server.next(HOSTNAME), HOSTNAME, { hostname: "x" });
    await after;
    assert.equal(server.received.length, 0);
    await assert.rejects(stream.write(Buffer.from("x")), /ended/);
  });

  test("an error of the server's is thrown to the reader, after what came before it", async (t) => {
    const { server, call, stream } = await openConsole(t);
    server.stream(call, "continue", Buffer.from("last"));
    server.fail(call, { code: 38, domain: 10, message: "gone" }, "stream");
    const parts: string[] = [];
    const reading = (async () => {
      for await (const bytes of stream) parts.push(Buffer.from(bytes).toString());
    })();
    await assert.rejects(reading, { name: "LibvirtError", message: "gone" });
    assert.deepEqual(parts, ["last"]);
  });

  test("one that nobody reads is ended before it fills the memory", async (t) => {
    const { server, call, stream } = await openConsole(t);
    for (let count = 0; count < 9; count++) server.stream(call, "continue", new Uint8Array(1024 * 1024));
    assert.equal((await server.nextWhere(({ type }) => type === "stream")).status, "error");
    await assert.rejects(stream.write(Buffer.from("x")), { source: "protocol", message: /Nobody read the stream/ });
  });

  test("one that was given up while it was being opened is dropped when it is there", async (t) => {
    const { session, server } = open(t);
    const controller = new AbortController();
    const opening = session.openStream(CONSOLE, args, { signal: controller.signal });
    const call = await server.next(CONSOLE);
    controller.abort();
    await assert.rejects(opening);
    assert.equal(server.received.length, 0);
    server.reply(call, CONSOLE, undefined);
    assert.equal((await server.nextWhere(({ type }) => type === "stream")).status, "error");
  });

  test("the end of the connection ends it", async (t) => {
    const { server, stream } = await openConsole(t);
    server.end();
    await assert.rejects(Array.fromAsync(stream), { source: "disconnected" });
  });
});

suite("the end", () => {
  test("everything that waits is told why, each with its own error; later calls too", async (t) => {
    const { session, server } = open(t, { maxCallsInFlight: 1 });
    const ended: LibvirtError[] = [];
    session.onEnd((reason) => ended.push(reason));
    const calls = [session.call(HOSTNAME, undefined), session.call(STATS, stats), session.call(HOSTNAME, undefined)];
    await server.next(HOSTNAME);
    server.end();
    const outcomes = await Promise.allSettled(calls);
    for (const outcome of outcomes) assert.equal(outcome.status === "rejected" && outcome.reason.source, "disconnected");
    await assert.rejects(session.call(HOSTNAME, undefined), { source: "disconnected", message: "Libvirt closed the connection." });
    assert.deepEqual(ended, [session.end]);
    session.onEnd((reason) => ended.push(reason));
    assert.equal(ended.length, 2);
  });

  test("closing it here is not libvirt's fault", async (t) => {
    const { session } = open(t);
    const call = session.call(HOSTNAME, undefined);
    const rejected = assert.rejects(call, { source: "closed" });
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await rejected;
  });

  const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
  const violations = [
    { name: "a length that cannot be", sent: bytes("ffffffff") },
    { name: "an answer to nothing", sent: bytes("0000001c 20008086 00000001 0000003b 00000001 00000063 00000000") },
    { name: "an answer of another procedure", sent: bytes("0000001c 20008086 00000001 0000003c 00000001 00000001 00000000") },
    { name: "an answer that is cut off", sent: bytes("0000001c 20008086 00000001 0000003b 00000001 00000001 00000000") },
    {
      name: "an answer with more than belongs",
      sent: bytes("00000024 20008086 00000001 0000003b 00000001 00000001 00000000 00000000 00000000"),
    },
    { name: "a call", sent: bytes("0000001c 20008086 00000001 0000003b 00000000 00000001 00000000") },
    { name: "another version", sent: bytes("0000001c 20008086 00000002 0000003b 00000001 00000001 00000000") },
  ];
  for (const { name, sent } of violations) {
    test(`${name} ends the connection and fails what waits`, async (t) => {
      const { session, server } = open(t);
      const call = session.call(HOSTNAME, undefined);
      await server.next(HOSTNAME);
      server.write(sent);
      await assert.rejects(call, { source: "protocol", message: /Libvirt sent what cannot be read/ });
      assert.equal(session.end?.source, "protocol");
    });
  }
});
