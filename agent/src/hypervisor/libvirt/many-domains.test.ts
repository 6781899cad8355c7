// What is asked of libvirt to make machines on a host that has many others.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { TestContext } from "node:test";
import type { Operation, VmConfig } from "@ghost/schemas";
import { Operations } from "../../operations/operations.ts";
import { createIntent, full } from "../../operations/testdata/workshop.ts";
import { openStore } from "../../store/store.ts";
import { QEMU_CAPABILITIES } from "../capabilities.ts";
import type { HostFacts, Hypervisor } from "../driver.ts";
import { macOf } from "../identity.ts";
import { effectCalls } from "./effects.ts";
import { ImageStore } from "./images/store.ts";
import type { LibvirtParts } from "./parts.ts";
import { LibvirtReadings } from "./readings.ts";
import { FAKE_CONFIG, FakeLibvirt } from "./testdata/fake-libvirt.ts";

const MANY = 200;
const FACTS = {
  total: { vcpu: 10_000, ram_gb: 10_000, disk_gb: 10_000 },
  capabilities: { ...QEMU_CAPABILITIES, kvm: false },
} satisfies HostFacts;

interface Host {
  readonly libvirt: FakeLibvirt;
  /** Makes them all at once. */
  readonly make: (...vms: readonly VmConfig[]) => Promise<readonly Operation[]>;
  /** How often each call was made. */
  readonly asked: () => Readonly<Record<string, number>>;
}

/** An agent on a host that has so many machines of others. */
async function openHost(t: TestContext, others: number): Promise<Host> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-many-"));
  t.after(() => rm(dir, { recursive: true }));
  const libvirt = new FakeLibvirt();
  for (let index = 0; index < others; index++) {
    const uid = randomUUID();
    libvirt.domains.set(uid, {
      config: { ...FAKE_CONFIG, name: `vm-${index}`, nics: { lan: { mac: macOf(uid, "lan"), network: "lab" } } },
    });
  }
  // Over a socket every answer comes in a later turn.
  const ask: LibvirtParts["ask"] = {
    call: async (name, args) => {
      await setImmediate();
      return await libvirt.call(name, args);
    },
    openStream: () => libvirt.openStream(),
    subscribe: async (...kinds) => await libvirt.subscribe(...kinds),
  };
  const readings = new LibvirtReadings({ ask, autoType: "qemu", defaultNetwork: "lab", guests: async () => new Map() });
  const parts: LibvirtParts = {
    ask,
    work: ask,
    connect: async () => await Promise.reject(new Error("There are no consoles here.")),
    folders: { disks: join(dir, "disks"), seeds: join(dir, "seeds"), consoles: join(dir, "consoles") },
    images: new ImageStore({ dir: join(dir, "images"), vendorImages: new Map() }),
    accel: { kvmOpens: false, cpuInfo: "" },
    defaultNetwork: "lab",
    readings,
  };
  const hypervisor = {
    facts: async () => FACTS,
    list: async () => await readings.list(),
    find: async (uid: string) => await readings.find(uid),
    findByName: async (name: string) => await readings.findByName(name),
    ...effectCalls(parts),
  } as Partial<Hypervisor> as Hypervisor;
  const store = openStore({});
  t.after(() => store[Symbol.asyncDispose]());
  const operations = new Operations({ hypervisor, store, reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } });
  return {
    libvirt,
    make: async (...vms) =>
      await Promise.all(
        vms.map(async (vm) => {
          const { image: _none, ...config } = full({
            power: "stopped",
            firmware: "bios",
            networks: { default: { network: "user" } },
            ...vm,
          });
          return await (
            await operations.execute(createIntent(vm, { vm: config }))
          ).ended;
        }),
      ),
    asked: () => Object.fromEntries([...Map.groupBy(libvirt.asked, (call) => call)].map(([call, calls]) => [call, calls.length])),
  };
}

const succeeded = (ended: readonly Operation[]): void =>
  assert.deepEqual(
    ended.flatMap(({ diagnostics }) => diagnostics),
    [],
  );

suite("on a host with many domains", () => {
  // For what room the others leave, and for the addresses of their cards: libvirt tells of neither in another way.
  test("a create reads the others twice, and nothing else of it grows with them", async (t) => {
    const [few, many] = [await openHost(t, 10), await openHost(t, MANY)];
    for (const host of [few, many]) succeeded(await host.make({ name: "own" }));
    const { GET_XML_DESC = 0, ...rest } = few.asked();
    assert.deepEqual(many.asked(), { ...rest, GET_XML_DESC: GET_XML_DESC + 2 * (MANY - 10) });
  });

  test("creates at the same time share what they read", async (t) => {
    const { make, asked } = await openHost(t, MANY);
    succeeded(await make(...Array.from({ length: 20 }, (_, index) => ({ name: `own-${index}` }))));
    const lists = asked()["GET_XML_DESC"]! / MANY;
    assert.ok(lists < 20, `${lists} lists`);
  });

  test("of two at the same time that want one address the second is refused", async (t) => {
    const { libvirt, make } = await openHost(t, 10);
    const networks = { default: { network: "user", mac: "52:54:00:99:00:01" } };
    const ended = await make({ name: "one", networks }, { name: "two", networks });
    assert.deepEqual(
      ended.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)),
      ["MAC_TAKEN"],
    );
    assert.equal(libvirt.domains.size, 11);
  });
});
