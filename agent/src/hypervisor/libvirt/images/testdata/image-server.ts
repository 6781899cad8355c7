import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ImageServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** By path with its leading slash; what is not there is 404. */
  readonly answers: Map<string, Answer>;
  /** `GET /path` or `GET /path bytes=…`, in the order of asking. */
  readonly log: string[];
}

/** A web server on loopback that answers as a test says. */
export async function imageServer(): Promise<ImageServer> {
  const answers = new Map<string, Answer>();
  const log: string[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    log.push([method, url, ...(headers.range === undefined ? [] : [headers.range])].join(" "));
    const answer = answers.get(url.split("?")[0] ?? "");
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    answers,
    log,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A server as it should be: length, strong ETag, ranges under If-Range. */
export function file(content: Buffer, etag = '"1"'): Answer {
  return (request, response) => {
    const range = request.headers["if-range"] === etag ? /^bytes=(\d+)-$/.exec(request.headers.range ?? "") : null;
    const start = Number(range?.[1] ?? 0);
    if (start >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const rest = content.subarray(start);
    response.writeHead(range === null ? 200 : 206, {
      etag,
      "content-length": rest.length,
      ...(range !== null && { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    response.end(rest);
  };
}

const early = new Set<ServerResponse>();

/** Sends the first bytes of what it promises, and hangs up at `hangUp()`: at once, it could take back what is still on its way. */
export function truncated(content: Buffer, bytes: number, etag = '"1"'): Answer {
  return (request, response) => {
    early.add(response);
    stalled(content, bytes, etag)(request, response);
  };
}

/** Ends every answer of `truncated` that has begun. */
export function hangUp(): void {
  for (const response of early) response.destroy();
  early.clear();
}

/** Sends the first bytes, then nothing, and stays. */
export function stalled(content: Buffer, bytes: number, etag = '"1"'): Answer {
  return (_, response) => {
    response.writeHead(200, { etag, "content-length": content.length });
    response.write(content.subarray(0, bytes));
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => void response.writeHead(code, headers).end("not the file");
}

export function text(content: string): Answer {
  return (_, response) => void response.end(content);
}

/** One answer after the other; the last one from then on. */
export function inOrder(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (request, response) => answers[Math.min(next++, answers.length - 1)]?.(request, response);
}
