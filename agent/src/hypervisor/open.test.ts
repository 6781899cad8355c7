import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BoundHost, Store } from "../store/store.ts";
import { openStore } from "../store/store.ts";
import { vmRecord } from "../store/testdata/samples.ts";
import { chooseHost, requireSamePlace } from "./host-choice.ts";
import { letThrough, openHypervisor, openSimulated } from "./open.ts";

const SIMULATED: BoundHost = { kind: "simulated" };
const LIBVIRT: BoundHost = { kind: "libvirt", uri: "qemu:///system", diskDir: "/data/disks" };

suite("the host that an agent drives", () => {
  type Want = BoundHost["kind"] | RegExp;
  const cases: readonly [wanted: AgentConfig["hypervisor"], bound: BoundHost | undefined, records: number, libvirt: boolean, want: Want][] =
    [
      ["auto", undefined, 0, true, "libvirt"],
      ["auto", undefined, 0, false, "simulated"],
      ["auto", LIBVIRT, 0, false, "libvirt"],
      ["auto", LIBVIRT, 2, false, "libvirt"],
      ["auto", SIMULATED, 2, true, "simulated"],
      ["auto", SIMULATED, 0, true, "libvirt"],
      ["auto", SIMULATED, 0, false, "simulated"],
      ["libvirt", undefined, 0, false, "libvirt"],
      ["libvirt", SIMULATED, 0, false, "libvirt"],
      ["libvirt", SIMULATED, 1, true, /\/data keeps 1 VMs and templates of a simulated host, and hypervisor is libvirt/],
      ["simulated", LIBVIRT, 0, true, "simulated"],
      ["simulated", LIBVIRT, 3, true, /keeps 3 VMs and templates of a libvirt host/],
      ["simulated", undefined, 0, true, "simulated"],
    ];
  for (const [wanted, bound, recordCount, isLibvirtThere, want] of cases) {
    test(`${wanted}, records of ${bound?.kind ?? "none"} (${recordCount}), libvirt ${isLibvirtThere ? "" : "not "}there: ${want}`, () => {
      const choose = (): BoundHost["kind"] => chooseHost({ wanted, bound, recordCount, dataDir: "/data", isLibvirtThere });
      if (typeof want === "string") return assert.equal(choose(), want);
      assert.throws(choose, refused(want));
    });
  }
});

suite("the place of VMs that are on record", () => {
  const cases: readonly { name: string; next: BoundHost; records?: number; gone?: boolean; refused?: RegExp }[] = [
    { name: "the same", next: LIBVIRT },
    { name: "another libvirt", next: { ...LIBVIRT, uri: "qemu:///session" }, refused: /libvirt.uri is qemu:\/\/\/session/ },
    { name: "another folder", next: { ...LIBVIRT, diskDir: "/pool/ghost" }, refused: /are in \/data\/disks, .* in \/pool\/ghost/ },
    { name: "another folder, the old one moved there", next: { ...LIBVIRT, diskDir: "/pool/ghost" }, gone: true },
    { name: "another folder, without VMs", next: { ...LIBVIRT, diskDir: "/pool/ghost" }, records: 0 },
  ];
  for (const { name, next, records = 1, gone = false, refused: why } of cases) {
    test(`${name}: ${why === undefined ? "taken" : "refused"}`, () => {
      const require = (): void => requireSamePlace(next, { bound: LIBVIRT, recordCount: records, dataDir: "/data" }, () => !gone);
      if (why === undefined) return require();
      assert.throws(require, refused(why));
    });
  }
});

suite("opening a host", () => {
  test("auto with nothing that could be libvirt's is simulated, and stays so when VMs are there", async (t) => {
    const { config, store, socket } = await folder(t);
    await using first = await openHypervisor(config, store);
    assert.equal(first.kind, "simulated");
    assert.deepEqual(store.host, SIMULATED);
    await store.write({ vm: vmRecord("web") });
    await writeFile(socket, "");
    await using again = await openHypervisor(config, store);
    assert.equal(again.kind, "simulated");
    await assert.rejects(openHypervisor({ ...config, hypervisor: "libvirt" }, store), refused(/keeps 1 VMs/));
  });

  test("a URI of another machine is refused", async (t) => {
    const { config, store } = await folder(t);
    const libvirt = { ...config.libvirt, uri: "qemu+ssh://other/system" };
    await assert.rejects(openHypervisor({ ...config, hypervisor: "libvirt", libvirt }, store), refused(/names another machine/));
  });

  test("a pool that nobody can look up is told, and a folder known from before is used", async (t) => {
    const { config, store } = await folder(t);
    const libvirt = { ...config.libvirt, storagePool: "vms" };
    await assert.rejects(
      openHypervisor({ ...config, hypervisor: "libvirt", libvirt }, store),
      refused(/Where the storage pool "vms" is, libvirt has to say/),
    );
    assert.equal(store.host, undefined);
  });

  test("an embedded agent leaves the records of a real host alone", async (t) => {
    const { config, store } = await folder(t);
    await store.writeHost(LIBVIRT);
    await store.write({ vm: vmRecord("web") });
    await assert.rejects(openSimulated(config.dataDir, {}, store), refused(/of a libvirt host/));
    assert.deepEqual(store.host, LIBVIRT);
  });

  test("QEMU may go through a folder, and not list it", async (t) => {
    const { config } = await folder(t);
    await mkdir(join(config.dataDir, "private"), { mode: 0o700 });
    letThrough(join(config.dataDir, "private"));
    assert.equal((await stat(join(config.dataDir, "private"))).mode & 0o777, 0o711);
  });

  test("a socket that nobody answers at is libvirt's all the same", async (t) => {
    const { config, store, socket } = await folder(t);
    const deaf = createServer(() => undefined).listen(socket);
    t.after(() => deaf.close());
    // It may be opened, and it hangs; what it is bound to is known before.
    const opened = await openHypervisor(config, store).then(
      (hypervisor) => hypervisor[Symbol.asyncDispose]().then(() => hypervisor.kind),
      () => store.host?.kind,
    );
    assert.equal(opened, "libvirt");
    assert.equal((await stat(config.dataDir)).mode & 0o777, 0o711);
  });
});

async function folder(t: TestContext): Promise<{ config: Parameters<typeof openHypervisor>[0]; store: Store; socket: string }> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-open-"));
  const dataDir = join(dir, "data");
  await mkdir(dataDir, { mode: 0o700 });
  const store = openStore();
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  const socket = join(dir, "libvirt-sock");
  const libvirt = { uri: `qemu:///system?socket=${socket}`, network: "default", imageCache: join(dataDir, "images"), mirrors: [] };
  return { store, socket, config: { hypervisor: "auto", dataDir, simulated: {}, libvirt } };
}

function refused(detail: RegExp): (reason: unknown) => boolean {
  return (reason) => reason instanceof GhostError && reason.diagnostics[0].code === "AGENT_START" && detail.test(reason.message);
}
