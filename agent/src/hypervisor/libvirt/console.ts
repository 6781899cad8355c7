import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";
import type { LibvirtParts } from "./parts.ts";

export function consoleCalls(_parts: LibvirtParts): Pick<Hypervisor, "openConsole" | "consoleLog"> {
  return {
    openConsole: () => Promise.reject(problem("UNSUPPORTED", "This agent cannot do that.")),
    consoleLog: () => {
      throw problem("UNSUPPORTED", "This agent cannot do that.");
    },
  };
}
