import type { Messages } from "../../gen/types.ts";
import type { Caller } from "../rpc/caller.ts";
import { safely } from "../rpc/safely.ts";
import { EVENT_KINDS } from "./event.ts";
import type { DomainEvent, DomainEventKind, DomainEventOf, EventSource } from "./event.ts";

interface Registration {
  readonly listeners: Set<(event: DomainEvent) => void>;
  /** The number that libvirt gave, once it has. */
  readonly callback: Promise<number>;
}

const kindsByMessage = new Map(Object.entries(EVENT_KINDS).map(([kind, { message }]) => [message, kind as DomainEventKind]));

/** Asks libvirt once for each kind of event, however many listen, and hands out what comes. */
export class EventHub implements EventSource {
  readonly #caller: Caller;
  readonly #registrations = new Map<DomainEventKind, Registration>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  receive(name: keyof Messages, message: Messages[keyof Messages]): void {
    const kind = kindsByMessage.get(name);
    const registration = kind === undefined ? undefined : this.#registrations.get(kind);
    if (kind === undefined || registration === undefined) return;
    const event = EVENT_KINDS[kind].read(message);
    for (const listener of registration.listeners) safely(() => listener(event));
  }

  async subscribe<K extends DomainEventKind>(
    kinds: readonly K[],
    listener: (event: DomainEventOf<K>) => void,
  ): Promise<() => Promise<void>> {
    // Of its own, so that the same function can listen twice.
    const own = (event: DomainEvent): void => listener(event as DomainEventOf<K>);
    const stop = async (): Promise<void> => {
      await Promise.all(kinds.map((kind) => this.#remove(kind, own)));
    };
    try {
      await Promise.all(kinds.map((kind) => this.#add(kind, own)));
    } catch (error) {
      await stop();
      throw error;
    }
    return stop;
  }

  async #add(kind: DomainEventKind, listener: (event: DomainEvent) => void): Promise<void> {
    let registration = this.#registrations.get(kind);
    if (registration === undefined) {
      const callback = this.#caller
        .call("REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", { eventID: EVENT_KINDS[kind].id, dom: undefined })
        .then(({ callbackID }) => callbackID);
      registration = { listeners: new Set(), callback };
      this.#registrations.set(kind, registration);
    }
    registration.listeners.add(listener);
    await registration.callback;
  }

  async #remove(kind: DomainEventKind, listener: (event: DomainEvent) => void): Promise<void> {
    const registration = this.#registrations.get(kind);
    if (registration === undefined || !registration.listeners.delete(listener) || registration.listeners.size > 0) return;
    this.#registrations.delete(kind);
    // A registration that failed or a connection that has ended has nothing to take back.
    const callbackID = await registration.callback.catch(() => undefined);
    if (callbackID === undefined) return;
    await this.#caller.call("REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", { callbackID }).catch(() => {});
  }
}
