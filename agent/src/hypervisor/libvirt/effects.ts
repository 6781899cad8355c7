/** What changes the host. Each call is safe to repeat, and one that fails leaves the host as it was or says what it left. */
import { KeyedLock } from "../../keyed-lock.ts";
import type { Hypervisor } from "../driver.ts";
import { changeCall, GUEST_PATIENCE } from "./effects/change.ts";
import type { GuestPatience } from "./effects/change.ts";
import { defineCall } from "./effects/define.ts";
import { diskCalls } from "./effects/disks.ts";
import { setGuestCall } from "./effects/guest.ts";
import { imageCalls } from "./effects/images.ts";
import { powerCalls } from "./effects/power.ts";
import { SharedLock } from "./effects/shared-lock.ts";
import { undefineCall } from "./effects/undefine.ts";
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

export function effectCalls(parts: LibvirtParts, patience: GuestPatience = GUEST_PATIENCE): Effects {
  const imageUse = new SharedLock();
  const taken = new KeyedLock();
  return {
    ...imageCalls(parts, imageUse),
    ...diskCalls(parts, imageUse),
    define: defineCall(parts, taken),
    change: changeCall(parts, taken, patience),
    setGuest: setGuestCall(parts),
    ...powerCalls(parts),
    undefine: undefineCall(parts),
  };
}
