/**
 * `first-answer.ts URL`: asks every 20 ms, each time over a connection of its own, and prints the time (ms since 1970) at which the
 * first answer was there. Within the guests' network, which the bench is not in.
 */
import { get } from "node:http";

const BETWEEN_MS = 20;
/** A request that came before the guest is never answered; the next one is. */
const TIMEOUT_MS = 1_000;

const [url = ""] = process.argv.slice(2);
setInterval(() => {
  const request = get(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
    response.resume().on("end", () => {
      process.stdout.write(`${performance.timeOrigin + performance.now()}\n`, () => process.exit());
    });
  });
  request.on("timeout", () => request.destroy()).on("error", () => {});
}, BETWEEN_MS);
process.stdout.write("ready\n");
