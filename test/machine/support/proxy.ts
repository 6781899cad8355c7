import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { procedures } from "../../../libvirt/gen/table.ts";
import type { Calls } from "../../../libvirt/gen/types.ts";
import { decodePacket, PacketSplitter } from "../../../libvirt/src/rpc/packet.ts";

export type Procedure = keyof Calls;

/** What happens as a call passes. */
export interface Fault {
  readonly procedure: Procedure;
  /** The first from now on is 1, which is the default. */
  readonly nth?: number;
  /** Before libvirtd gets it, or when libvirtd has answered and the caller does not know yet. */
  readonly at: "call" | "reply";
  /** Is awaited; other packets pass meanwhile. `drop` keeps the packet from going on. */
  act(): Promise<"forward" | "drop"> | "forward" | "drop";
}

/** A socket before libvirtd's that knows what passes, for faults at chosen points. */
export interface LibvirtProxy extends AsyncDisposable {
  readonly socketPath: string;
  /** Every call since the start or the last `forget`, in the order of their coming. */
  readonly calls: readonly Procedure[];
  forget(): void;
  /** Settles when the fault has happened. Each happens once. */
  inject(fault: Fault): Promise<void>;
  /** Ends every connection; new ones are taken. */
  cut(): void;
}

const NAMES = new Map(Object.entries(procedures).map(([name, { program, number }]) => [`${program}:${number}`, name as Procedure]));

interface Planned extends Fault {
  remaining: number;
  readonly happened: () => void;
}

export async function startProxy(socketPath: string, target: string): Promise<LibvirtProxy> {
  const calls: Procedure[] = [];
  const planned = new Set<Planned>();
  const open = new Set<Socket>();

  /** The fault that this packet is the one for. */
  const due = (at: Fault["at"], procedure: Procedure): Planned | undefined => {
    for (const fault of planned) {
      if (fault.at !== at || fault.procedure !== procedure || --fault.remaining > 0) continue;
      planned.delete(fault);
      return fault;
    }
    return undefined;
  };

  const server = createServer((client) => {
    const daemon = connect(target);
    open.add(client).add(daemon);
    // libvirt's packets carry a serial: one that is held back is overtaken by others.
    const pass = (from: Socket, to: Socket, at: Fault["at"]): void => {
      const splitter = new PacketSplitter();
      from.on("data", (chunk: Buffer) => {
        for (const packet of splitter.push(chunk)) {
          const { program, procedure, type } = decodePacket(packet);
          const name = type === at ? NAMES.get(`${program}:${procedure}`) : undefined;
          if (name !== undefined && at === "call") calls.push(name);
          const fault = name === undefined ? undefined : due(at, name);
          if (fault === undefined) to.write(packet);
          else
            void (async () => {
              if ((await fault.act()) === "forward") to.write(packet);
              fault.happened();
            })();
        }
      });
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    };
    pass(client, daemon, "call");
    pass(daemon, client, "reply");
  });
  server.listen(socketPath);
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    socketPath,
    calls,
    forget: () => void calls.splice(0),
    inject: async (fault) => {
      await new Promise<void>((happened) => planned.add({ ...fault, remaining: fault.nth ?? 1, happened }));
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
