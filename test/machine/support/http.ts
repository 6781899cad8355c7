import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { PrivateLibvirtd } from "./libvirtd.ts";

export type HttpQuestion = { readonly id: number } & (
  | { readonly do: "get"; readonly url: string; readonly timeoutMs: number }
  | { readonly do: "poll"; readonly url: string; readonly perSecond: number; readonly timeoutMs: number }
  | { readonly do: "end"; readonly poller: number }
);

export interface HttpAnswer {
  readonly id: number;
  readonly status?: number;
  readonly text?: string;
  readonly error?: string;
  readonly result?: PollResult;
}

export interface PollResult {
  readonly sent: number;
  /** Why each request that was not answered was not. */
  readonly lost: readonly string[];
  readonly slowestMs: number;
}

/** What the test guest sees of its machine (guest/root/www/cgi-bin/facts). */
export interface GuestFacts {
  readonly hostname: string;
  readonly instanceId: string;
  /** Counted on the root disk. */
  readonly boots: number;
  readonly memoryKib: number;
  readonly cpusOnline: number;
  readonly uptimeSeconds: number;
  readonly userDataBase64: string;
  readonly disks: readonly { readonly name: string; readonly serial: string; readonly bytes: number }[];
  readonly nics: readonly { readonly name: string; readonly mac: string; readonly addresses: readonly string[] }[];
}

/** HTTP to the test guests of a libvirtd with a network of its own. */
export interface GuestHttp extends AsyncDisposable {
  /** The text of a page; waits until the guest answers, as it may still be starting. */
  page(address: string, path?: string): Promise<string>;
  facts(address: string): Promise<GuestFacts>;
  /** One request, once. */
  answers(address: string): Promise<boolean>;
  /** Asks 20 times a second until the end, and for a second at least; gives back how to end it. */
  poll(address: string): Promise<() => Promise<PollResult>>;
}

const WORKER = path.join(import.meta.dirname, "http-worker.ts");
/** A guest without KVM on a busy machine starts slowly. */
const UP_TIMEOUT_MS = 90_000;
const TRY_TIMEOUT_MS = 2_000;
const POLLS_PER_SECOND = 20;
/** A request that a busy machine answers late is not lost. */
const POLL_TIMEOUT_MS = 15_000;
const BETWEEN_TRIES_MS = 100;

type Asked = HttpQuestion extends infer Each ? (Each extends unknown ? Omit<Each, "id"> : never) : never;

export function guestHttp(libvirtd: PrivateLibvirtd): GuestHttp {
  const worker = libvirtd.inside(process.execPath, [WORKER]);
  const waiting = new Map<number, (answer: HttpAnswer) => void>();
  let asked = 0;
  let said = "";
  worker.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  worker.stdin?.on("error", () => {});
  const ended = once(worker, "close");
  void ended.then(() => {
    for (const [id, answer] of waiting) answer({ id, error: `the process that asks has ended. ${said}` });
  });
  createInterface({ input: worker.stdout! }).on("line", (line) => {
    const answer = JSON.parse(line) as HttpAnswer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const ask = async (question: Asked): Promise<HttpAnswer> => {
    const id = ++asked;
    return await new Promise((resolve) => {
      waiting.set(id, resolve);
      worker.stdin?.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  };
  const get = async (address: string, page: string): Promise<HttpAnswer> =>
    await ask({ do: "get", url: `http://${address}${page}`, timeoutMs: TRY_TIMEOUT_MS });
  const page = async (address: string, wanted = "/"): Promise<string> => {
    const until = performance.now() + UP_TIMEOUT_MS;
    for (;;) {
      const { status, text, error } = await get(address, wanted);
      if (status === 200 && text !== undefined) return text.trim();
      if (performance.now() > until) throw new Error(`${address}${wanted} does not answer: ${error ?? `${status} ${text}`}`);
      await sleep(BETWEEN_TRIES_MS);
    }
  };
  return {
    page,
    facts: async (address) => JSON.parse(await page(address, "/cgi-bin/facts")) as GuestFacts,
    answers: async (address) => (await get(address, "/")).status === 200,
    poll: async (address) => {
      const { id } = await ask({ do: "poll", url: `http://${address}/`, perSecond: POLLS_PER_SECOND, timeoutMs: POLL_TIMEOUT_MS });
      return async () => {
        const { result, error } = await ask({ do: "end", poller: id });
        if (result === undefined) throw new Error(error);
        return result;
      };
    },
    [Symbol.asyncDispose]: async () => {
      worker.stdin?.end();
      worker.kill("SIGKILL");
      await ended;
    },
  };
}
