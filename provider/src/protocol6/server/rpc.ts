import type { Diagnostic as WireDiagnostic } from "../../../gen/tfplugin6.ts";
import type { Context, Provider } from "../provider.ts";

/** What a call works with. */
export interface Call {
  readonly provider: Provider;
  readonly context: Context;
  readonly lifecycle: Lifecycle;
}

/** What calls change for those after them. */
export interface Lifecycle {
  /** The provider's block is there: others may work from now on. */
  configured(): void;
  /** Aborts the signals of everything that runs and of everything that comes before the next ConfigureProvider. */
  stop(): void;
}

interface Shared<Response> {
  /** Refused before ConfigureProvider. */
  readonly needsConfiguration?: boolean;
  /** Called though the provider is being configured anew, so its signal is a fresh one. */
  readonly configures?: boolean;
  /** The answer that carries what went wrong when `answer` throws. */
  refuse(diagnostics: WireDiagnostic[], request: never): Response;
}

/** One RPC: from the wire, the provider's own function, to the wire. May throw. */
export interface Rpc<Request, Response> extends Shared<Response> {
  answer(call: Call, request: Request): Promise<Response>;
  refuse(diagnostics: WireDiagnostic[], request: Request): Response;
}

export interface StreamRpc<Request, Event> extends Shared<Event> {
  answer(call: Call, request: Request): AsyncIterable<Event>;
  refuse(diagnostics: WireDiagnostic[], request: Request): Event;
}

/** Something of which the message is all there is to say. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly summary: string;

  constructor(summary: string, detail: string) {
    super(detail);
    this.summary = summary;
  }
}

/** Finds what a call is about. Throws Refusal when the provider has none of the name. */
export function requireNamed<T>(all: Readonly<Record<string, T>>, kind: string, name: string): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(all);
  throw new Refusal(
    `Unknown ${kind}`,
    `This provider has no ${kind} "${name}"; it has ${names.length === 0 ? "none" : names.join(", ")}. Is it of the version that the configuration was written for?`,
  );
}
