// Packets that went between virsh 9.0.0 and libvirtd 9.0.0 (test:///default and qemu:///system), up to two of each kind.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import { procedures, shapes } from "../../gen/table.ts";
import type { Calls } from "../../gen/types.ts";
import { LibvirtError } from "../error.ts";
import { connectedPair } from "../testdata/fake-libvirtd.ts";
import { codecsOf } from "../xdr/codec.ts";
import { XdrWriter } from "../xdr/writer.ts";
import { decodePacket, encodePacket } from "./packet.ts";
import type { Packet } from "./packet.ts";
import { Session } from "./session.ts";

interface Recorded {
  readonly from: "client" | "server";
  readonly name: keyof typeof procedures;
  readonly hex: string;
}

const recorded = JSON.parse(readFileSync(new URL("../testdata/recorded.json", import.meta.url), "utf8")) as readonly Recorded[];
const find = codecsOf(shapes);
const sample = recorded.map(({ hex }) => Buffer.from(hex, "hex"));

function shapeOf(name: Recorded["name"], { type, status }: Packet): string | undefined {
  if (status === "error") return "virNetMessageError";
  const { args, ret, msg } = procedures[name];
  return type === "call" ? args : type === "reply" ? ret : msg;
}

suite("what virsh and libvirtd said to each other", () => {
  for (const [index, { from, name, hex }] of recorded.entries()) {
    test(`${index} ${from} ${name}`, () => {
      const packet = decodePacket(Buffer.from(hex, "hex"));
      const { payload, ...header } = packet;
      assert.ok(header.type !== "other");
      const shape = shapeOf(name, packet);
      const value = shape === undefined ? undefined : find(shape).decode(payload);
      payload.end();
      const again = encodePacket({ ...header, type: header.type }, (writer) => {
        if (shape !== undefined) find(shape).encode(writer, value, shape);
      });
      assert.equal(again.toString("hex"), hex, "the same value makes the same bytes");
    });
  }

  test("there is something of every kind", () => {
    const kinds = new Set(recorded.map(({ hex }) => Object.values(headerOf(hex)).join(" ")));
    assert.deepEqual([...kinds].toSorted(), ["call ok", "message ok", "reply error", "reply ok"]);
  });
});

suite("fuzzing a session", () => {
  const packet = fc.constantFrom(...sample);
  const mutation = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }), cut: fc.boolean() });
  const mutated = fc.tuple(packet, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([bytes, mutations]) => {
    let copy = Buffer.from(bytes);
    for (const { at, bytes: other, cut } of mutations) {
      // The length mostly stays right: a wrong one would hide all the rest.
      const start = at % 8 === 0 ? 0 : 4 + (at % Math.max(1, copy.length - 4));
      if (cut) {
        copy = copy.subarray(0, Math.max(28, start));
        copy.writeUInt32BE(copy.length, 0);
      } else {
        copy.set(other.subarray(0, copy.length - start), start);
      }
    }
    return copy;
  });

  /** Sends all of it to a session that waits for answers, ends the connection, and looks at what the calls got. */
  async function feed(chunks: readonly Uint8Array[], waitsFor: readonly (keyof Calls)[]): Promise<void> {
    const [client, server] = connectedPair();
    await using session = new Session(client, { keepAlive: false, maxCallsInFlight: 100 });
    server.on("error", () => {}).resume();
    const calls = waitsFor.map((name) => {
      // The calls themselves do not matter here: only that answers of these procedures are decoded.
      const { args } = procedures[name];
      const value = recordedArgs.get(name);
      return args !== undefined && value === undefined ? Promise.resolve() : session.call(name, value as Calls[typeof name]["args"]);
    });
    const settled = Promise.allSettled(calls);
    for (const chunk of chunks) server.push(chunk);
    await new Promise(setImmediate);
    server.destroy();
    for (const outcome of await settled) {
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof LibvirtError, String(outcome.reason));
    }
    assert.ok(session.end instanceof LibvirtError || chunks.length === 0);
  }

  const recordedArgs = new Map<keyof Calls, unknown>();
  for (const { from, name, hex } of recorded) {
    const { payload, type } = decodePacket(Buffer.from(hex, "hex"));
    const { args } = procedures[name];
    if (from === "client" && type === "call" && args !== undefined) recordedArgs.set(name as keyof Calls, find(args).decode(payload));
  }

  test("mutated packets: an answer or a LibvirtError, and nothing hangs", async () => {
    const answers = recorded.filter(({ from, hex }) => from === "server" && headerOf(hex).type === "reply");
    const oneAnswer = fc.constantFrom(...answers);
    await fc.assert(
      fc.asyncProperty(oneAnswer, mutated, fc.nat(), async (answer, other, at) => {
        const bytes = Buffer.from(answer.hex, "hex");
        // The serial of the only call, so that it is taken for its answer; then something wrong inside.
        bytes.writeUInt32BE(1, 20);
        if (bytes.length > 28) bytes.writeUInt8(at % 256, 28 + (at % (bytes.length - 28)));
        await feed([bytes, other], [answer.name as keyof Calls]);
      }),
      { numRuns: 2000 },
    );
  });

  test("random bytes, however they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), { maxLength: 5 }), async (chunks) => {
        await feed(chunks, ["REMOTE_PROC_CONNECT_GET_HOSTNAME", "REMOTE_PROC_AUTH_LIST"]);
      }),
      { numRuns: 1000 },
    );
  });

  test("an array that claims to be long is refused at once", () => {
    const writer = new XdrWriter();
    for (const word of [0x20, 0x20008086, 1, 344, 1, 1, 0, 16384]) writer.uint(word);
    const { payload } = decodePacket(writer.finish());
    assert.throws(() => find("remote_connect_get_all_domain_stats_ret").decode(payload), /array of 16384 does not fit into 0 bytes/);
  });
});

function headerOf(hex: string): Pick<Packet, "type" | "status"> {
  const { type, status } = decodePacket(Buffer.from(hex, "hex"));
  return { type, status };
}
