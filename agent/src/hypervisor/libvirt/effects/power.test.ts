import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Calls } from "@ghost/libvirt";
import type { LibvirtParts } from "../parts.ts";
import { LibvirtReadings } from "../readings.ts";
import { FAKE_CONFIG, FakeLibvirt, serverError } from "../testdata/fake-libvirt.ts";
import { powerCalls } from "./power.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
type State = Calls["REMOTE_PROC_DOMAIN_GET_STATE"]["ret"];
const RUNNING: State = { state: 1, reason: 1 };
const DESTROYED: State = { state: 5, reason: 2 };

suite("a machine that is asked to stop", () => {
  // Its QEMU takes the question with it, and libvirt sees the end a moment after it says so.
  for (const code of ["VIR_ERR_SYSTEM_ERROR", "VIR_ERR_INTERNAL_ERROR"] as const)
    test(`may be ended by somebody else in that moment (${code})`, async () => {
      let state = RUNNING;
      const end = (): void => {
        state = DESTROYED;
        libvirt.tell({ kind: "lifecycle", domain: { uuid: UID, name: "web", id: undefined }, event: "stopped", detail: "destroyed" });
      };
      const libvirt = new FakeLibvirt({
        REMOTE_PROC_DOMAIN_GET_STATE: () => state,
        REMOTE_PROC_DOMAIN_SHUTDOWN_FLAGS: () => {
          setImmediate(end);
          throw serverError(code, "Unable to read from monitor: Connection reset by peer");
        },
      });
      libvirt.domains.set(UID, { config: FAKE_CONFIG, id: 1 });
      const readings = new LibvirtReadings({ ask: libvirt, autoType: "qemu", defaultNetwork: "lab", guests: async () => new Map() });
      const { stop } = powerCalls({ ask: libvirt, work: libvirt, readings } as Partial<LibvirtParts> as LibvirtParts);
      assert.equal(await stop(UID, { timeoutMs: 3_600_000 }), "forced");
    });
});
