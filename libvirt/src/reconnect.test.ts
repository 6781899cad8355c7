import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hostname } from "./calls/host.ts";
import { keepConnected } from "./reconnect.ts";
import type { ConnectionState } from "./reconnect.ts";
import { HANDSHAKE, listeningLibvirtd } from "./testdata/listening.ts";
import type { Answers } from "./testdata/listening.ts";

const dom = { name: "a", uuid: new Uint8Array(16), id: 1 };
const answers: Answers = {
  ...HANDSHAKE,
  REMOTE_PROC_CONNECT_GET_HOSTNAME: () => ({ hostname: "box" }),
  REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: () => ({ callbackID: 1 }),
  REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: () => undefined,
};

/** Keeps the states and lets a test wait for the next one of a kind. */
function stateLog(): {
  readonly onState: (state: ConnectionState) => void;
  readonly states: ConnectionState[];
  next(state: "up" | "down"): Promise<ConnectionState>;
} {
  const states: ConnectionState[] = [];
  let wake = (): void => {};
  let seen = 0;
  return {
    states,
    onState: (state) => {
      states.push(state);
      wake();
    },
    next: async (wanted) => {
      for (;;) {
        const state = states[seen];
        if (state === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else {
          seen += 1;
          if (state.state === wanted) return state;
        }
      }
    },
  };
}

suite("a connection that comes back", () => {
  test("calls in flight fail, the next ones work, and events go on", async () => {
    await using daemon = await listeningLibvirtd(answers);
    const log = stateLog();
    await using lasting = keepConnected({ socketPath: daemon.socketPath, onState: log.onState, firstPauseMs: 1, longestPauseMs: 2 });
    assert.equal(await hostname(lasting), "box");
    await log.next("up");
    const events: string[] = [];
    const stop = await lasting.subscribe(["reboot"], (event) => events.push(event.domain.name));

    const inFlight = lasting.call("REMOTE_PROC_NODE_GET_INFO", undefined);
    await daemon.connections[0]?.next("REMOTE_PROC_NODE_GET_INFO");
    const lost = assert.rejects(inFlight, {
      name: "LibvirtError",
      source: "disconnected",
      codeName: "VIR_ERR_RPC",
      procedure: "REMOTE_PROC_NODE_GET_INFO",
    });
    await daemon.stop();
    await lost;
    const down = await log.next("down");
    assert.ok(down.state === "down" && (down.reason as { source?: string }).source === "disconnected");
    await assert.rejects(hostname(lasting), { source: "connect" });
    assert.equal(lasting.isUp, false);

    await daemon.start();
    await log.next("up");
    assert.equal(await hostname(lasting), "box");
    daemon.connections.at(-1)?.message("REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT", { callbackID: 1, msg: { dom } });
    await hostname(lasting);
    assert.deepEqual(events, ["a"]);
    await stop();
    daemon.connections.at(-1)?.message("REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT", { callbackID: 1, msg: { dom } });
    await hostname(lasting);
    assert.deepEqual(events, ["a"]);
  });

  test("it can be made before there is a daemon", async () => {
    await using daemon = await listeningLibvirtd(answers);
    await daemon.stop();
    const log = stateLog();
    await using lasting = keepConnected({ socketPath: daemon.socketPath, onState: log.onState, firstPauseMs: 1, longestPauseMs: 2 });
    await log.next("down");
    await log.next("down");
    await daemon.start();
    await log.next("up");
    assert.equal(await hostname(lasting), "box");
  });

  test("a call's own limits hold while it waits for the connection", async () => {
    await using daemon = await listeningLibvirtd({});
    await using lasting = keepConnected({ socketPath: daemon.socketPath });
    await assert.rejects(hostname(lasting, { timeoutMs: 1 }), { source: "timeout", message: /not reached within 0\.001 s/ });
    const reason = new Error("enough");
    await assert.rejects(hostname(lasting, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const call = hostname(lasting, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
  });

  test("closed, it stays closed", async () => {
    await using daemon = await listeningLibvirtd(answers);
    const lasting = keepConnected({ socketPath: daemon.socketPath });
    await hostname(lasting);
    await lasting[Symbol.asyncDispose]();
    await lasting[Symbol.asyncDispose]();
    await assert.rejects(hostname(lasting), { source: "closed" });
    const unborn = keepConnected({ socketPath: "/nonexistent/sock" });
    await unborn[Symbol.asyncDispose]();
    await assert.rejects(hostname(unborn), { source: "closed" });
  });
});
