import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { problem } from "@ghost/schemas";
import { isSameServer } from "../config/agent-config.ts";
import type { HttpAddress } from "../config/agent-config.ts";
import { healthRoute, liveRoute, metricsRoute, readyRoute } from "./routes.ts";
import type { Route, Sources } from "./routes.ts";

export interface HttpOptions extends Sources {
  /** Where /ready, /live and the health report answer; absent for nowhere. */
  readonly health?: HttpAddress | undefined;
  /** Where the metrics answer; the same server when it is the same address. */
  readonly metricsAt?: HttpAddress | undefined;
}

export interface HttpServers extends AsyncDisposable {
  /** `http://host:port`, with the port that was really bound. */
  readonly healthUrl?: string;
  readonly metricsUrl?: string;
}

/** Starts what is wanted. Throws AGENT_START when an address is taken. */
export async function startHttp(options: HttpOptions): Promise<HttpServers> {
  const { health, metricsAt } = options;
  const healthRoutes: [string, Route][] =
    health === undefined
      ? []
      : [
          [health.path, healthRoute(options)],
          ["/ready", readyRoute(options)],
          ["/live", liveRoute()],
        ];
  const metricsRoutes: [string, Route][] = metricsAt === undefined ? [] : [[metricsAt.path, metricsRoute(options)]];
  const isShared = health !== undefined && metricsAt !== undefined && isSameServer(health, metricsAt);

  await using started = new AsyncDisposableStack();
  const listen = async (section: string, address: HttpAddress, routes: readonly [string, Route][]): Promise<string> => {
    const server = await start(section, address, new Map(routes));
    started.defer(() => stop(server));
    return urlOf(server);
  };
  const healthUrl = health && (await listen("health", health, isShared ? [...healthRoutes, ...metricsRoutes] : healthRoutes));
  const metricsUrl = metricsAt && (isShared ? healthUrl : await listen("metrics", metricsAt, metricsRoutes));
  const running = started.move();
  return {
    ...(healthUrl !== undefined && { healthUrl }),
    ...(metricsUrl !== undefined && { metricsUrl }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function start(section: string, { host, port }: HttpAddress, routes: ReadonlyMap<string, Route>): Promise<Server> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => void respond(routes, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (reason: NodeJS.ErrnoException) => {
      const why = reason.code === "EADDRINUSE" ? "something else listens there" : reason.message;
      reject(
        problem(
          "AGENT_START",
          `${section}.listen_addr ${host}:${port} cannot be listened on: ${why}.`,
          { hint: `Stop what uses it, set another ${section}.listen_addr, or ${section}.enabled: false.` },
          { cause: reason },
        ),
      );
    });
    server.listen(port, host === "" ? undefined : host, resolve);
  });
  return server;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function respond(routes: ReadonlyMap<string, Route>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const route = routes.get(path);
  const send = (status: number, contentType: string, body: string, headers: Record<string, string> = {}): void => {
    response
      .writeHead(status, {
        "content-type": contentType,
        "content-length": Buffer.byteLength(body),
        "cache-control": "no-store",
        ...headers,
      })
      .end(request.method === "HEAD" ? undefined : body);
  };
  const text = "text/plain; charset=utf-8";
  if (route === undefined) return send(404, text, "not found\n");
  if (request.method !== "GET" && request.method !== "HEAD") return send(405, text, "method not allowed\n", { allow: "GET, HEAD" });
  try {
    const { status, contentType, body } = await route();
    send(status, contentType, body);
  } catch {
    send(500, text, "internal error\n");
  }
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
