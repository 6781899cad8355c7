import assert from "node:assert/strict";
import { chmod, chown, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { hostname } from "./calls/host.ts";
import { connect } from "./connection.ts";
import type { DomainEvent } from "./events/event.ts";
import { socketPaths } from "./socket.ts";
import { HANDSHAKE, listeningLibvirtd } from "./testdata/listening.ts";

const dom = { name: "a", uuid: new Uint8Array(16), id: 1 };
const domain = { name: "a", uuid: "00000000-0000-0000-0000-000000000000", id: 1 };

suite("where libvirt listens", () => {
  const cases = [
    { uri: "qemu:///system", options: {}, paths: ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"] },
    { uri: "qemu:///system", options: { readOnly: true }, paths: ["/run/libvirt/libvirt-sock-ro", "/run/libvirt/virtqemud-sock-ro"] },
    { uri: "test:///default", options: {}, paths: ["/run/libvirt/libvirt-sock"] },
    { uri: "qemu+unix:///system?socket=/x/y", options: {}, paths: ["/x/y"] },
  ];
  for (const { uri, options, paths } of cases)
    test(`${uri} ${JSON.stringify(options)}`, () => assert.deepEqual(socketPaths(uri, options), paths));

  test("a session's is the user's own", () => {
    assert.match(socketPaths("qemu:///session")[0] ?? "", /\/libvirt\/libvirt-sock$/);
    assert.ok(!socketPaths("qemu:///session").includes("/run/libvirt/libvirt-sock"));
  });

  for (const uri of ["qemu+ssh://host/system", "qemu://host/system", "qemu+tcp:///system"]) {
    test(`${uri} is another machine's`, () =>
      assert.throws(() => socketPaths(uri), { source: "connect", message: /names another machine/ }));
  }
  test("what is no URI is refused", () => assert.throws(() => socketPaths("qemu"), { source: "connect", message: /"qemu" is no URI/ }));
});

suite("connecting", () => {
  test("asks how to log in, opens the URI, and says goodbye", async () => {
    const opened: unknown[] = [];
    const said: (string | undefined)[] = [];
    await using daemon = await listeningLibvirtd({
      ...HANDSHAKE,
      REMOTE_PROC_AUTH_LIST: () => ({ types: [2] }),
      REMOTE_PROC_AUTH_POLKIT: ({ name }) => (said.push(name), { complete: 1 }),
      REMOTE_PROC_CONNECT_OPEN: ({ args }) => void opened.push(args),
      REMOTE_PROC_CONNECT_GET_HOSTNAME: () => ({ hostname: "box" }),
      REMOTE_PROC_CONNECT_CLOSE: ({ name }) => void said.push(name),
    });
    {
      await using connection = await connect({ uri: `qemu+unix:///system?socket=${daemon.socketPath}`, readOnly: true });
      assert.equal(await hostname(connection), "box");
    }
    assert.deepEqual(opened, [{ name: "qemu:///system", flags: 1 }]);
    assert.deepEqual(said, ["REMOTE_PROC_AUTH_POLKIT", "REMOTE_PROC_CONNECT_CLOSE"]);
  });

  const refusals = [
    {
      name: "a log-in that is not supported",
      answers: { REMOTE_PROC_AUTH_LIST: () => ({ types: [1] }) },
      message: /log-in of a kind that is not supported here \(1\)/,
    },
    {
      name: "a libvirt that is too old",
      answers: { REMOTE_PROC_CONNECT_SUPPORTS_FEATURE: () => ({ supported: 0 }) },
      message: /This libvirt is too old/,
    },
  ];
  for (const { name, answers, message } of refusals) {
    test(`${name} is an error`, async () => {
      await using daemon = await listeningLibvirtd({ ...HANDSHAKE, ...answers });
      await assert.rejects(connect({ socketPath: daemon.socketPath }), { name: "LibvirtError", source: "connect", message });
    });
  }

  test("a daemon that does not answer is given up", async () => {
    await using daemon = await listeningLibvirtd({});
    await assert.rejects(connect({ socketPath: daemon.socketPath, connectTimeoutMs: 5 }), { source: "timeout" });
  });

  test("a signal ends it with its reason", async () => {
    await using daemon = await listeningLibvirtd({});
    const reason = new Error("enough");
    const controller = new AbortController();
    const connecting = connect({ socketPath: daemon.socketPath, signal: controller.signal });
    while (daemon.connections.length === 0) await new Promise(setImmediate);
    controller.abort(reason);
    await assert.rejects(connecting, reason);
    await assert.rejects(connect({ socketPath: daemon.socketPath, signal: controller.signal }), reason);
  });
});

suite("why there is no connection", () => {
  test("nothing is there", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "ghost-libvirt-"));
    t.after(() => rm(folder, { recursive: true }));
    await assert.rejects(connect({ socketPath: path.join(folder, "sock") }), {
      source: "connect",
      codeName: "VIR_ERR_NO_CONNECT",
      message: /no socket at \/.*\/sock\. .*systemctl enable --now libvirtd/,
    });
  });

  test("a file that is no socket; a socket that nobody listens to", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "ghost-libvirt-"));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(path.join(folder, "file"), "");
    await assert.rejects(connect({ socketPath: path.join(folder, "file") }), { source: "connect", message: /is no socket/ });
    const [born, stale] = [path.join(folder, "sock"), path.join(folder, "stale")];
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(born, resolve));
    // Node removes the socket where it made it: elsewhere it stays, as after a crash.
    await rename(born, stale);
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(connect({ socketPath: stale }), { source: "connect", message: /is there, but no libvirt listens to it/ });
  });

  test(
    "a person without the right: the error names the group",
    { skip: process.getuid?.() !== 0 && "only root can give a socket to another group" },
    async (t) => {
      const folder = await mkdtemp(path.join(tmpdir(), "ghost-libvirt-"));
      t.after(() => rm(folder, { recursive: true }));
      await chmod(folder, 0o755);
      const socketPath = path.join(folder, "sock");
      const server = net.createServer();
      await new Promise<void>((resolve) => server.listen(socketPath, resolve));
      t.after(() => server.close());
      await chmod(socketPath, 0o660);
      await chown(socketPath, 0, 1);
      // The kernel asks who the process is now; group 1 is daemon everywhere.
      process.seteuid?.(65534);
      try {
        await assert.rejects(connect({ socketPath }), {
          source: "connect",
          message: /may not use libvirt's socket .*Its group is daemon: .*usermod -aG daemon/,
        });
      } finally {
        process.seteuid?.(0);
      }
    },
  );
});

suite("events", () => {
  test("libvirt is asked once for a kind, however many listen, and told when nobody does", async () => {
    const asked: string[] = [];
    await using daemon = await listeningLibvirtd({
      ...HANDSHAKE,
      REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: ({ args }) => (
        asked.push(`+${(args as { eventID: number }).eventID}`),
        { callbackID: 9 }
      ),
      REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: ({ args }) =>
        void asked.push(`-${(args as { callbackID: number }).callbackID}`),
      REMOTE_PROC_CONNECT_GET_HOSTNAME: () => ({ hostname: "box" }),
    });
    await using connection = await connect({ socketPath: daemon.socketPath });
    const first: DomainEvent[] = [];
    const second: DomainEvent[] = [];
    const stopFirst = await connection.subscribe(["lifecycle", "reboot"], (event) => first.push(event));
    const stopSecond = await connection.subscribe(["lifecycle"], (event) => second.push(event));
    const [server] = daemon.connections;
    const lifecycle = (event: number, detail: number): void =>
      server?.message("REMOTE_PROC_DOMAIN_EVENT_CALLBACK_LIFECYCLE", { callbackID: 9, msg: { dom, event, detail } });
    lifecycle(2, 0);
    server?.message("REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT", { callbackID: 9, msg: { dom } });
    server?.message("REMOTE_PROC_DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE", { callbackID: 9, msg: { dom, actual: 5n } });
    await hostname(connection);
    assert.deepEqual(first, [
      { kind: "lifecycle", domain, event: "started", detail: "booted" },
      { kind: "reboot", domain },
    ]);
    assert.deepEqual(second, first.slice(0, 1));
    await stopFirst();
    await stopFirst();
    lifecycle(5, 1);
    await hostname(connection);
    assert.equal(first.length, 2);
    assert.deepEqual(second[1], { kind: "lifecycle", domain, event: "stopped", detail: "destroyed" });
    await stopSecond();
    assert.deepEqual(asked, ["+0", "+1", "-9", "-9"]);
  });
});
