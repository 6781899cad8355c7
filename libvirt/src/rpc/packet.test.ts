import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { XdrError } from "../xdr/xdr-error.ts";
import { MOST_BYTES, PacketSplitter, decodePacket, encodePacket } from "./packet.ts";

const header = { program: 0x20008086, procedure: 59, type: "call", serial: 7, status: "ok" } as const;

suite("a packet", () => {
  test("has its length, six words of header, and what is written", () => {
    const bytes = encodePacket(header, (writer) => writer.int(-1));
    assert.equal(
      bytes.toString("hex"),
      "00000020" + "20008086" + "00000001" + "0000003b" + "00000000" + "00000007" + "00000000" + "ffffffff",
    );
    const { payload, ...rest } = decodePacket(bytes);
    assert.deepEqual(rest, header);
    assert.equal(payload.int(), -1);
    payload.end();
  });

  test("that is too long is not made", () => {
    const bytes = new Uint8Array(MOST_BYTES);
    assert.throws(() => encodePacket(header, (writer) => writer.raw(bytes)), {
      name: "XdrError",
      message: /libvirt takes at most 33554436/,
    });
  });

  const bad = [
    { name: "of another version", word: 2, value: 9, message: /version 9/ },
    { name: "with a status that does not exist", word: 6, value: 3, message: /status 3/ },
  ];
  for (const { name, word, value, message } of bad) {
    test(`${name} is refused`, () => {
      const bytes = encodePacket(header);
      bytes.writeUInt32BE(value, word * 4);
      assert.throws(() => decodePacket(bytes), { name: "XdrError", message });
    });
  }

  test("of a type that is not known says so", () => {
    const bytes = encodePacket(header);
    bytes.writeUInt32BE(6, 16);
    assert.equal(decodePacket(bytes).type, "other");
  });
});

suite("PacketSplitter", () => {
  test("finds the same packets however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (payloads, cuts) => {
          const packets = payloads.map((payload) => encodePacket(header, (writer) => writer.raw(payload)));
          const all = Buffer.concat(packets);
          const splitter = new PacketSplitter();
          const found: string[] = [];
          for (let at = 0, turn = 0; at < all.length; turn++) {
            const length = cuts[turn % cuts.length]!;
            for (const packet of splitter.push(all.subarray(at, at + length))) found.push(Buffer.from(packet).toString("hex"));
            at += length;
          }
          assert.deepEqual(
            found,
            packets.map((packet) => packet.toString("hex")),
          );
        },
      ),
    );
  });

  for (const length of [0, 4, 27, MOST_BYTES + 1, 0xffffffff]) {
    test(`refuses a length of ${length} before it waits for so much`, () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      assert.throws(() => new PacketSplitter().push(bytes), XdrError);
    });
  }

  test("takes a long packet in many chunks without copying it again and again", () => {
    const payload = new Uint8Array(8 * 1024 * 1024);
    const packet = encodePacket(header, (writer) => writer.raw(payload));
    const splitter = new PacketSplitter();
    let found = 0;
    for (let at = 0; at < packet.length; at += 1024) found += splitter.push(packet.subarray(at, at + 1024)).length;
    assert.equal(found, 1);
  });
});
