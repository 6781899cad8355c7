/**
 * Asks guests over HTTP from within their network, as a process of its own: requests come in as lines of JSON, answers
 * go out so. Ends with its input. The other side is http.ts.
 */
import { get } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpAnswer, HttpQuestion, PollResult } from "./http.ts";

const pollers = new Map<number, () => Promise<PollResult>>();

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as HttpQuestion;
  void answer(question).then(
    (value) => say({ id: question.id, ...value }),
    (error: unknown) => say({ id: question.id, error: String(error) }),
  );
}
process.exit();

function say(value: HttpAnswer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function answer(question: HttpQuestion): Promise<Omit<HttpAnswer, "id">> {
  switch (question.do) {
    case "get":
      return await fetchText(question.url, question.timeoutMs);
    case "poll":
      pollers.set(question.id, poll(question));
      return {};
    case "end": {
      const end = pollers.get(question.poller);
      pollers.delete(question.poller);
      return { result: (await end?.()) ?? { sent: 0, lost: [], slowestMs: 0 } };
    }
  }
}

/** One request at each beat, whether the one before was answered or not, each over a connection of its own. */
function poll({ url, perSecond, timeoutMs }: HttpQuestion & { do: "poll" }): () => Promise<PollResult> {
  const lost: string[] = [];
  const open = new Set<Promise<void>>();
  let sent = 0;
  let slowestMs = 0;
  let isOver = false;
  const one = async (): Promise<void> => {
    const startedAt = performance.now();
    try {
      await fetchText(url, timeoutMs);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    } catch (error) {
      lost.push(String(error));
    }
  };
  const beats = (async () => {
    // A change that took no second is looked at a little longer.
    while (!isOver || sent < perSecond) {
      sent += 1;
      const request = one();
      open.add(request);
      void request.then(() => open.delete(request));
      await sleep(1000 / perSecond);
    }
  })();
  return async () => {
    isOver = true;
    await beats;
    await Promise.all(open);
    return { sent, lost, slowestMs: Math.round(slowestMs) };
  };
}

async function fetchText(url: string, timeoutMs: number): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject);
  });
}
