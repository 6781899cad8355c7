/** DHCP's word for an address that nobody needs any more: libvirt has no call that ends a lease. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";

const SERVER_PORT = 67;
/** No server has to take less: BOOTP's header and 64 bytes behind it. */
const MIN_BYTES = 300;
const MAGIC_COOKIE = [99, 130, 83, 99];
const END = 255;

export interface ReleasedLease {
  /** Address of the server that gave it. */
  readonly server: string;
  readonly mac: string;
  /** IPv4. */
  readonly address: string;
  /** As the guest named itself when it asked, in hexadecimal with colons. Absent when it did not. */
  readonly clientId?: string | undefined;
}

/** A DHCPRELEASE (RFC 2131, 4.4.1 and 4.4.6) with this transaction id of 4 bytes. */
export function releaseMessage({ server, mac, address, clientId = "" }: ReleasedLease, transaction: Uint8Array): Buffer {
  const client = hexBytes(clientId);
  const options = [
    ...option(53, [7]),
    ...option(54, addressBytes(server)),
    // The server finds the lease by it, and by the MAC address only where there is none.
    ...(client.length > 0 ? option(61, client) : []),
    END,
  ];
  const message = Buffer.alloc(Math.max(MIN_BYTES, 240 + options.length));
  // A request, over Ethernet, whose addresses have 6 bytes.
  message.set([1, 1, 6]);
  message.set(transaction, 4);
  message.set(addressBytes(address), 12);
  message.set(hexBytes(mac), 28);
  message.set([...MAGIC_COOKIE, ...options], 236);
  return message;
}

/**
 * Resolves when it was sent; no server answers it. It goes from the server's own address, which this host has to have:
 * otherwise it rejects with the system's error, and nothing goes to anybody else's network.
 */
export async function sendRelease(lease: ReleasedLease): Promise<void> {
  const socket = createSocket("udp4");
  // Nobody listens once it was sent.
  socket.on("error", () => {});
  try {
    socket.bind({ address: lease.server });
    await once(socket, "listening");
    await new Promise<void>((resolve, reject) => {
      socket.send(releaseMessage(lease, randomBytes(4)), SERVER_PORT, lease.server, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
}

function option(code: number, value: readonly number[]): readonly number[] {
  return [code, value.length, ...value];
}

function addressBytes(address: string): readonly number[] {
  return address.split(".").map(Number);
}

function hexBytes(text: string): readonly number[] {
  return [...Buffer.from(text.replaceAll(":", ""), "hex")];
}
