/** Why one address did not give what was asked for. The text ends a sentence: no full stop, no secret of the address. */
export class FetchFailure extends Error {
  override readonly name = "FetchFailure";
  /** Asking again may help. */
  readonly isTransient: boolean;

  constructor(message: string, { isTransient = false, ...options }: ErrorOptions & { readonly isTransient?: boolean } = {}) {
    super(message, options);
    this.isTransient = isTransient;
  }
}

export interface FetchLimits {
  /** How long the other side may send nothing. */
  readonly stallMs: number;
  readonly maxRedirects: number;
}

/** A response whose body is read piece by piece, each within the stall time. */
export interface Exchange extends AsyncDisposable {
  readonly response: Response;
  /** Undefined at the end. Throws FetchFailure when the connection breaks or stalls, the signal's reason when aborted. */
  read(): Promise<Uint8Array | undefined>;
}

/** An address as messages may show it: what may hold a secret (user, password, query) is left out. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = URL.parse(url) ?? { protocol: "", host: "", pathname: "(not a URL)" };
  return host === "" ? pathname : `${protocol}//${host}${pathname}`;
}

/**
 * Asks for an address, following redirects (never from https to http). Any status but a redirect is given to the caller.
 * Throws FetchFailure, or the signal's reason.
 */
export async function openExchange(
  url: string,
  headers: Readonly<Record<string, string>>,
  { stallMs, maxRedirects }: FetchLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  const stall = new AbortController();
  const ended = AbortSignal.any([signal, stall.signal]);
  /** Waits for the other side, no longer than it may be silent. */
  const within = async <T>(wait: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(() => stall.abort(), stallMs);
    try {
      return await wait();
    } catch (reason) {
      signal.throwIfAborted();
      if (stall.signal.aborted) throw new FetchFailure(`it sent nothing for ${stallMs / 1000} s`, { isTransient: true });
      throw new FetchFailure(`the connection failed (${causeOf(reason)})`, { isTransient: true, cause: reason });
    } finally {
      clearTimeout(timer);
    }
  };
  let at = requireHttp(url);
  for (let redirects = 0; ; redirects += 1) {
    const target = at;
    // Without "identity" a server may compress, and neither lengths nor ranges would be those of the file.
    const init: RequestInit = { headers: { "accept-encoding": "identity", ...headers }, redirect: "manual", signal: ended };
    const response = await within(async () => await fetch(target, init));
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null) return exchangeOf(response, within);
    await response.body?.cancel();
    if (redirects >= maxRedirects) throw new FetchFailure(`it redirects more than ${maxRedirects} times`);
    at = requireHttp(URL.parse(location, target)?.href ?? "");
    if (target.startsWith("https:") && !at.startsWith("https:"))
      throw new FetchFailure(`it redirects from https to ${shownUrl(at)}, which anybody on the way could change`);
  }
}

function exchangeOf(response: Response, within: <T>(wait: () => Promise<T>) => Promise<T>): Exchange {
  const reader = response.body?.getReader();
  return {
    response,
    async read() {
      if (reader === undefined) return undefined;
      const { value } = await within(async () => await reader.read());
      return value;
    },
    async [Symbol.asyncDispose]() {
      // A body that is not read to its end would hold the connection.
      await reader?.cancel().catch(() => undefined);
    },
  };
}

function requireHttp(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw new FetchFailure("it is no http or https address");
  if (parsed.username !== "" || parsed.password !== "") throw new FetchFailure("an address with a user or password in it is not asked");
  return parsed.href;
}

/** fetch() says only "fetch failed"; what happened is in the cause. */
function causeOf(reason: unknown): string {
  const cause = reason instanceof Error && reason.cause instanceof Error ? reason.cause : reason;
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause ? String(cause.code) : cause.message;
}
