/** HostService.Console: bytes from the caller to the machine and back, each side as fast as the other takes them. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { host } from "@ghost/proto/server";
import { problem } from "@ghost/schemas";
import type { Workshop } from "../operations/context.ts";
import { requireVm } from "../operations/find-vm.ts";
import { tellInTime } from "./rpc.ts";

type ConsoleCall = ServerDuplexStream<host.ConsoleRequest, host.ConsoleResponse>;

/** Resolves when the caller asks for no more, when the console ends, or when the signal aborts. */
export async function answerConsole(
  workshop: Pick<Workshop, "hypervisor" | "store">,
  call: ConsoleCall,
  signal: AbortSignal,
): Promise<void> {
  const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<host.ConsoleRequest, undefined>;
  const { value: first } = await requests.next();
  if (first === undefined)
    throw problem("VM_INVALID", "The request names no VM.", { hint: "Use the same version of Ghost on both sides." });
  const { uid } = await requireVm(workshop, first.vm);
  await using console = await workshop.hypervisor.openConsole(uid, { force: first.force });
  await tellInTime(call, { data: Buffer.alloc(0) }, signal);
  const shown = (async () => {
    for await (const data of console.output) await tellInTime(call, { data: Buffer.from(data) }, signal);
  })();
  const typed = (async () => {
    if (first.data.length > 0) await console.write(first.data);
    for await (const { data } of requests) await console.write(data);
  })();
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => abort(), { once: true });
  if (signal.aborted) abort();
  // A console that takes nothing more has ended, and why is told by its other direction.
  await Promise.race([shown, typed.catch(() => shown), aborted]);
}
