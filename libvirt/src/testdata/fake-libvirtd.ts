import { Duplex } from "node:stream";
import { procedures, shapes } from "../../gen/table.ts";
import type { Calls, Messages } from "../../gen/types.ts";
import { PacketSplitter, decodePacket, encodePacket } from "../rpc/packet.ts";
import type { PacketHeader } from "../rpc/packet.ts";
import { codecsOf } from "../xdr/codec.ts";

/** What came from the client. */
export interface Received extends PacketHeader {
  /** Of a call that is known. */
  readonly name: keyof Calls | undefined;
  readonly args: unknown;
  /** Of a stream. */
  readonly bytes: Uint8Array;
}

const codec = codecsOf(shapes);
const names = new Map(Object.entries(procedures).map(([name, { program, number }]) => [`${program}:${number}`, name as keyof Calls]));

/** The server's side of one connection, played by a test: it takes what comes and answers when told to. */
export class FakeLibvirtd {
  readonly received: Received[] = [];
  /** Called for everything that comes. */
  onReceived: (packet: Received) => void = () => {};
  readonly #socket: Duplex;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
    const splitter = new PacketSplitter();
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      for (const bytes of splitter.push(chunk)) {
        const { payload, ...header } = decodePacket(bytes);
        const name = header.type === "call" ? names.get(`${header.program}:${header.procedure}`) : undefined;
        const shape = name === undefined ? undefined : procedures[name].args;
        const args = shape === undefined ? undefined : codec(shape).decode(payload);
        const packet: Received = { ...header, name, args, bytes: payload.rest() };
        this.received.push(packet);
        this.onReceived(packet);
      }
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** The first call of that name that has come or comes; each is given once. */
  async next(name: keyof Calls): Promise<Received> {
    return await this.nextWhere((packet) => packet.name === name);
  }

  async nextWhere(matches: (packet: Received) => boolean): Promise<Received> {
    for (;;) {
      const index = this.received.findIndex(matches);
      if (index >= 0) return this.received.splice(index, 1)[0]!;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  reply<K extends keyof Calls>(call: Received, name: K, ret: Calls[K]["ret"]): void {
    const { ret: shape } = procedures[name];
    this.write(
      encodePacket({ ...headerOf(call), type: "reply", status: "ok" }, (writer) => {
        if (shape !== undefined) codec(shape).encode(writer, ret, shape);
      }),
    );
  }

  fail(call: Received, facts: { readonly code: number; readonly domain: number; readonly message?: string }, type: "reply" | "stream" = "reply"): void {
    const error = { level: 2, int1: 0, int2: 0, ...facts };
    this.write(encodePacket({ ...headerOf(call), type, status: "error" }, (writer) => codec("virNetMessageError").encode(writer, error, "")));
  }

  message<K extends keyof Messages>(name: K, message: Messages[K]): void {
    const { program, number, msg } = procedures[name];
    this.write(
      encodePacket({ program, procedure: number, type: "message", serial: 0, status: "ok" }, (writer) => codec(msg!).encode(writer, message, msg!)),
    );
  }

  stream(call: Received, status: "continue" | "ok", bytes: Uint8Array = new Uint8Array()): void {
    this.write(encodePacket({ ...headerOf(call), type: "stream", status }, (writer) => writer.raw(bytes)));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** As when libvirtd ends. */
  end(): void {
    this.#socket.end();
  }
}

/** Two ends of one connection, without a socket. */
export function connectedPair(): readonly [client: Duplex, server: Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => {},
      write: (chunk, _encoding, done) => {
        other().push(chunk);
        done();
      },
      final: (done) => {
        other().push(null);
        done();
      },
      destroy: (error, done) => {
        if (!other().readableEnded && !other().destroyed) other().push(null);
        done(error);
      },
    });
  const client: Duplex = make(() => server);
  const server: Duplex = make(() => client);
  return [client, server];
}

function headerOf({ program, procedure, serial }: Received): Pick<PacketHeader, "program" | "procedure" | "serial"> {
  return { program, procedure, serial };
}
