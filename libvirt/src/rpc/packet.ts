import {
  VIR_NET_CALL,
  VIR_NET_CONTINUE,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE,
  VIR_NET_MESSAGE_HEADER_MAX,
  VIR_NET_MESSAGE_LEN_MAX,
  VIR_NET_MESSAGE_MAX,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
} from "../../gen/constants.ts";
import { XdrReader } from "../xdr/reader.ts";
import { XdrWriter } from "../xdr/writer.ts";
import { XdrError } from "../xdr/xdr-error.ts";

/** Every program of libvirt's has this version. */
const VERSION = 1;
const LEAST_BYTES = VIR_NET_MESSAGE_LEN_MAX + VIR_NET_MESSAGE_HEADER_MAX;
/** The length word counts itself. */
export const MOST_BYTES: number = VIR_NET_MESSAGE_LEN_MAX + VIR_NET_MESSAGE_MAX;

const TYPES = { call: VIR_NET_CALL, reply: VIR_NET_REPLY, message: VIR_NET_MESSAGE, stream: VIR_NET_STREAM } as const;
const STATUSES = { ok: VIR_NET_OK, error: VIR_NET_ERROR, continue: VIR_NET_CONTINUE } as const;

export interface PacketHeader {
  readonly program: number;
  readonly procedure: number;
  /** `other` needs what this client never asks for: file descriptors, holes in streams. */
  readonly type: keyof typeof TYPES | "other";
  /** Of the call that it belongs to; a message has 0. */
  readonly serial: number;
  readonly status: keyof typeof STATUSES;
}

export interface Packet extends PacketHeader {
  readonly payload: XdrReader;
}

/** A whole packet, its length first. */
export function encodePacket(header: PacketHeader & { type: keyof typeof TYPES }, write?: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  writer.uint(0);
  writer.uint(header.program);
  writer.uint(VERSION);
  writer.int(header.procedure);
  writer.int(TYPES[header.type]);
  writer.uint(header.serial);
  writer.int(STATUSES[header.status]);
  write?.(writer);
  if (writer.length > MOST_BYTES) throw new XdrError(`A packet has ${writer.length} bytes; libvirt takes at most ${MOST_BYTES}.`);
  const bytes = writer.finish();
  bytes.writeUInt32BE(writer.length, 0);
  return bytes;
}

/** Reads a packet that `PacketSplitter` gave. */
export function decodePacket(bytes: Uint8Array): Packet {
  const payload = new XdrReader(bytes);
  payload.uint();
  const program = payload.uint();
  const version = payload.uint();
  if (version !== VERSION)
    throw new XdrError(`A packet is of version ${version} of program 0x${program.toString(16)}; version ${VERSION} is known.`);
  const procedure = payload.int();
  const type = nameOf(TYPES, payload.int()) ?? "other";
  const serial = payload.uint();
  const statusNumber = payload.int();
  const status = nameOf(STATUSES, statusNumber);
  if (status === undefined) throw new XdrError(`A packet has the status ${statusNumber}, which does not exist.`);
  return { program, procedure, type, serial, status, payload };
}

/** Cuts what a socket gives into packets, however it is cut there. */
export class PacketSplitter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** The packets that are complete by now. A length that no packet can have is an XdrError, and the end: what follows cannot be found. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const packets: Uint8Array[] = [];
    for (let wanted = this.#wanted(); wanted !== undefined && this.#length >= wanted; wanted = this.#wanted()) {
      // Joined when all of it is there, once: a long packet comes in many chunks.
      const all = this.#joined();
      packets.push(all.subarray(0, wanted));
      this.#chunks = all.length === wanted ? [] : [all.subarray(wanted)];
      this.#length -= wanted;
    }
    return packets;
  }

  #wanted(): number | undefined {
    if (this.#length < VIR_NET_MESSAGE_LEN_MAX) return undefined;
    if (this.#chunks[0]!.length < VIR_NET_MESSAGE_LEN_MAX) this.#chunks = [this.#joined()];
    const first = this.#chunks[0]!;
    const wanted = new DataView(first.buffer, first.byteOffset).getUint32(0);
    if (wanted < LEAST_BYTES || wanted > MOST_BYTES) {
      throw new XdrError(`A packet says that it has ${wanted} bytes; it must be ${LEAST_BYTES} to ${MOST_BYTES}.`);
    }
    return wanted;
  }

  #joined(): Uint8Array {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#length);
  }
}

function nameOf<T extends Readonly<Record<string, number>>>(names: T, value: number): keyof T | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
