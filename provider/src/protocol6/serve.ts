import { startedByTerraform, handshakeLine, reattachVariable, speaksOurs } from "./handshake.ts";
import { endWithParent, handleSignals } from "./lifetime.ts";
import { redirectConsole, stderrLog } from "./log.ts";
import type { Log, Provider } from "./provider.ts";
import type { Started } from "./server/start.ts";

export interface ServeOptions {
  /** In log lines, for example `provider.cloud`. */
  readonly name: string;
  /** `registry.terraform.io/acme/cloud`, as configurations name it; asked for only to debug. */
  readonly source: () => Promise<string>;
  /** Printed for a person who starts the program by hand: what it is and how to install it. */
  readonly byHand: string;
  /** Called by the first call of Terraform's: what it loads is not needed to be found. */
  readonly load: () => Promise<Provider>;
}

/**
 * The whole life of a plugin's process. With `--debug` as its argument it serves without TLS until Ctrl-C, for any number
 * of commands, and prints the variable that makes Terraform use it.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { argv, env } = process;
  const isDebug = argv.includes("--debug");
  if (!isDebug && !startedByTerraform(env)) {
    process.stderr.write(`${options.byHand.trimEnd()}\n`);
    process.exitCode = 1;
    return;
  }
  if (!isDebug && !speaksOurs(env)) {
    process.stderr.write("This provider speaks plugin protocol 6, which this Terraform does not: it needs Terraform 1.0 or newer.\n");
    process.exitCode = 1;
    return;
  }
  const log = stderrLog(options.name, env);
  redirectConsole(log);
  process.on("unhandledRejection", (reason) =>
    log.error("Unhandled rejection", { error: reason instanceof Error ? reason.stack : String(reason) }),
  );
  try {
    await (isDebug ? debug(options, log) : plugin(options, log));
  } catch (error) {
    // Terraform shows what it reads in the handshake's place, and hides what is on stderr.
    process.stdout.write(`Error: ${options.name} could not start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function plugin({ load }: ServeOptions, log: Log): Promise<void> {
  const { env } = process;
  const clientPem = env["PLUGIN_CLIENT_CERT"] ?? "";
  const folder = env["PLUGIN_UNIX_SOCKET_DIR"] ?? "";
  // Loaded here: whoever starts the program by hand is answered without.
  const [{ makeCertificate }, { listen }] = await Promise.all([import("./certificate.ts"), import("./listen.ts")]);
  const certificate = clientPem === "" ? undefined : makeCertificate();
  const listener = await listen(folder === "" ? {} : { folder });
  let started: Started | undefined;
  const end = (why: string): void => {
    log.debug(`The provider ends: ${why}.`);
    void (started ?? listener).close();
    process.exit(0);
  };
  handleSignals(
    async () => await started?.stop(),
    () => end("SIGTERM"),
  );
  endWithParent(end);
  process.stdout.write(handshakeLine(listener.endpoint, certificate?.der ?? Buffer.alloc(0)));
  // Terraform connects while this is loaded: gRPC is most of what a start takes.
  const [{ start }, { automaticTls }] = await Promise.all([import("./server/start.ts"), import("./automatic-tls.ts")]);
  started = await start({
    load,
    log,
    listener,
    ...(certificate !== undefined && { credentials: automaticTls(clientPem, certificate) }),
    // After the answer is on its way; Terraform waits for the process, not for it.
    onShutdown: () => setImmediate(end, "Terraform said so"),
    onHangup: () => end("Terraform hung up"),
  });
}

async function debug({ load, source }: ServeOptions, log: Log): Promise<void> {
  const { start } = await import("./server/start.ts");
  const started = await start({ load, log });
  const end = (): void => {
    started.close();
    process.exit(0);
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.stdout.write(
    `The provider runs until Ctrl-C. In another terminal, to use it:\n\nexport ${reattachVariable(await source(), started.endpoint, process.pid)}\n`,
  );
}
