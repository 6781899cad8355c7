import { isLibvirtError, LibvirtError, openConsole } from "@ghost/libvirt";
import type { ByteStream } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { DomainConsole, Hypervisor } from "../driver.ts";
import type { ConsoleLogs } from "./console-log.ts";
import { hostProblem, told } from "./link.ts";
import type { LibvirtParts } from "./parts.ts";

export function consoleCalls(
  { readings, connect }: Pick<LibvirtParts, "readings" | "connect">,
  logs: ConsoleLogs,
): Pick<Hypervisor, "openConsole" | "consoleLog"> {
  return {
    async openConsole(uid, { force = false } = {}) {
      const { domain, ref, isActive } = await readings.require(uid);
      const { name } = domain.live;
      if (!isActive)
        throw problem("VM_POWER_STATE", `VM "${name}" is ${domain.status}, so nobody is at its console.`, {
          hint: `Start it: ghost vm start ${name}. What it wrote: ghost vm logs ${name}`,
        });
      const subject = `The console of "${name}"`;
      await using stack = new AsyncDisposableStack();
      const connection = stack.use(await told(subject, connect));
      let stream: ByteStream;
      try {
        stream = stack.use(await openConsole(connection, ref, { force }));
      } catch (reason) {
        // Libvirt has no code of its own for this.
        if (isLibvirtError(reason, "VIR_ERR_OPERATION_FAILED") && /console session/i.test(reason.message))
          throw problem("HOST_ERROR", `${subject} is open already.`, {
            hint: `Take it from whoever has it: ghost vm console ${name} --force`,
          });
        throw hostProblem(reason, subject);
      }
      return toConsole(subject, stream, stack.move());
    },
    consoleLog: (uid, options) => logs.read(uid, options),
  };
}

function toConsole(subject: string, stream: ByteStream, owned: AsyncDisposableStack): DomainConsole {
  let isOver = false;
  const end = async (): Promise<void> => {
    isOver = true;
    await owned.disposeAsync();
  };
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* stream;
    } catch (reason) {
      // The machine stopped or somebody took its console: libvirt tells both as failures of the stream.
      if (isOver || (reason instanceof LibvirtError && reason.source === "server")) return;
      throw hostProblem(reason, subject);
    } finally {
      await end();
    }
  }
  return {
    output: read(),
    write: async (data) => {
      if (isOver) throw problem("HOST_ERROR", `${subject} has ended.`);
      await told(subject, () => stream.write(data));
    },
    [Symbol.asyncDispose]: end,
  };
}
