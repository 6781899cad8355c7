import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import net from "node:net";
import type { Socket } from "node:net";
import { suite, test } from "node:test";
import { listen } from "./listen.ts";

suite("listen", () => {
  test("keeps who connects before there is a server, in order", async () => {
    const listener = await listen();
    const first = net.connect(listener.endpoint.address);
    await once(first, "connect");
    first.end("early");
    const served: Socket[] = [];
    // The listener's side of the connection comes in a later turn than the client's.
    await new Promise<void>((resolve) => {
      listener.serve((socket) => {
        served.push(socket);
        resolve();
      });
    });
    const [text] = (await once(served[0]!.setEncoding("utf8"), "data")) as [string];
    assert.equal(text, "early");
    served[0]!.destroy();
    await listener.close();
  });

  test("is for nobody else, and leaves nothing", async () => {
    const listener = await listen();
    const { network, address } = listener.endpoint;
    assert.equal(network, "unix");
    assert.equal(statSync(address).mode & 0o777, 0o600);
    await listener.close();
    assert.equal(existsSync(address), false);
  });

  test("hangs up on who was never served", async () => {
    const listener = await listen({ network: "tcp" });
    const [host, port] = listener.endpoint.address.split(":");
    const client = net.connect(Number(port), host);
    await once(client, "connect");
    const closed = once(client, "close");
    client.resume();
    client.on("error", () => undefined);
    // Its connection may not have reached the listener yet.
    await new Promise((resolve) => setImmediate(resolve));
    await listener.close();
    await closed;
  });
});
