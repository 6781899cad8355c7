import type { AgentConnection, Connect, HostCalls } from "@ghost/engine";

/** Clients of agents, one for each way to reach one. */
export class Connections {
  readonly #connect: Connect;
  readonly #clients = new Map<string, Promise<HostCalls>>();

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** Rejects with what is wrong with the address or the certificates. */
  open({ name, address, tls, timeoutMs }: AgentConnection): Promise<HostCalls> {
    const key = keyOf({ name, address, timeoutMs, ...(tls && { tls }) });
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const made = Promise.resolve().then(() => this.#connect({ name, address, ...(tls && { tls }), timeoutMs }));
    this.#clients.set(key, made);
    return made;
  }

  /** The next one is connected anew: an agent that was down may be up again, and a certificate right. */
  forget(connection: AgentConnection): void {
    this.#clients.delete(keyOf(connection));
  }
}

function keyOf({ name, address, tls, timeoutMs }: AgentConnection): string {
  return JSON.stringify([name, address, tls, timeoutMs]);
}
