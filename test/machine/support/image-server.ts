/**
 * Serves one image over HTTP on loopback, of the network that it runs in: `node image-server.ts FILE STALL_AFTER`. The first
 * request gets so many bytes of it and then nothing more until there is a line on stdin; later ones get what they ask for.
 * Prints its port, then each Range.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [file = "", stallAfter = "0"] = process.argv.slice(2);
const content = readFileSync(file);
const head = { etag: '"one"', "accept-ranges": "bytes" };
let requests = 0;

const server = createServer((request, response) => {
  const { range } = request.headers;
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  process.stdout.write(`from ${from}\n`);
  const part = { ...head, "content-length": content.length - from };
  if (from > 0) response.writeHead(206, { ...part, "content-range": `bytes ${from}-${content.length - 1}/${content.length}` });
  else response.writeHead(200, part);
  requests += 1;
  const isStalled = requests === 1 && Number(stallAfter) > 0;
  if (isStalled) {
    response.write(content.subarray(0, Number(stallAfter)));
    process.stdin.once("data", () => response.end(content.subarray(Number(stallAfter))));
  } else response.end(content.subarray(from));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
