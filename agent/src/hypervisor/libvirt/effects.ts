import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";
import type { LibvirtParts } from "./parts.ts";

type Effects = Pick<
  Hypervisor,
  | "ensureImage"
  | "pruneImages"
  | "createDisk"
  | "listDisks"
  | "deleteDisk"
  | "growDisk"
  | "define"
  | "change"
  | "setGuest"
  | "start"
  | "stop"
  | "powerOff"
  | "suspend"
  | "resume"
  | "undefine"
>;

export function effectCalls(_parts: LibvirtParts): Effects {
  const notYet = (): Promise<never> => Promise.reject(problem("UNSUPPORTED", "This agent cannot do that."));
  return {
    ensureImage: notYet,
    pruneImages: notYet,
    createDisk: notYet,
    listDisks: notYet,
    deleteDisk: notYet,
    growDisk: notYet,
    define: notYet,
    change: notYet,
    setGuest: notYet,
    start: notYet,
    stop: notYet,
    powerOff: notYet,
    suspend: notYet,
    resume: notYet,
    undefine: notYet,
  };
}
