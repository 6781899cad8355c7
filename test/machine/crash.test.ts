// The agent is killed at every step of what it does, and starts again: asked again, it does what it was to do, and neither
// loses anything nor leaves anything.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { Ran } from "../../cli/src/testing/command-line.ts";
import { hasMark, inside, mark, startCrashHost } from "./support/crash.ts";
import type { CrashHost, CrashPoint } from "./support/crash.ts";
import { lease } from "./support/leases.ts";
import type { Fault } from "./support/proxy.ts";
import { whyNoGuest, whyNot, whyNoUefi } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

const LAN = "52:54:00:00:ab:01";
const SMALL = { vcpu: 1, vcpu_max: 2, ram_gb: 1, ram_max_gb: 2, disk_gb: 1 };
const LARGE = {
  ...SMALL,
  vcpu: 2,
  ram_gb: 2,
  disk_gb: 2,
  autostart: true,
  disks: { data: { size_gb: 1 } },
  networks: { default: {}, lan: { mac: LAN } },
};
/** No guest is there to hear that it is to shut down. */
const RESTARTED = { ...SMALL, vcpu_max: 4, stop_timeout_s: 1 };
const FIRMWARE = whyNoUefi() === undefined ? "uefi" : "bios";
const MOMENTS = ["call", "reply"] as const;
const MARK = 0x5a;
const LATER = 0xa5;

type Power = "running" | "stopped";

interface Act {
  /** Makes what the act is about. */
  arrange(name: string, power: Power): Promise<void>;
  act(name: string): Promise<Ran>;
  /** What the act may say when it is repeated after a crash, beside that it is done. */
  readonly repeated?: RegExp;
  /** When the agent is killed at a call of libvirt. */
  readonly moments?: readonly Fault["at"][];
  /** It may be that nobody repeats it, and the VM leaves the spec. */
  readonly isGivenUp?: boolean;
  /** There is no VM after it. */
  readonly isDeletion?: boolean;
  /** What is so in the end. */
  holds(name: string, power: Power): Promise<void>;
}

suite("an agent that is killed", { skip: reason ?? false }, () => {
  let crash: CrashHost;
  before(async () => {
    crash = await startCrashHost();
  });
  after(() => crash?.[Symbol.asyncDispose]());

  /** A VM with a mark on its root disk. */
  async function made(name: string, power: Power): Promise<void> {
    await crash.spec(name, { ...SMALL, power: "stopped" });
    await crash.done("apply", "--yes");
    await mark(await crash.disk(name), MARK);
    if (power === "stopped") return;
    await crash.spec(name, SMALL);
    await crash.done("apply", "--yes");
  }
  const snapshot = async (...args: readonly string[]): Promise<Ran> =>
    await crash.ghost("vm", "snapshot", ...args, "--address", crash.host.agent().address);
  const taken = async (name: string): Promise<void> => assert.equal((await snapshot("create", name, "then")).code, 0);
  const snapshots = async (name: string): Promise<string> => await crash.host.virsh("snapshot-list", name, "--name");
  const is = async (name: string, power: Power): Promise<void> =>
    assert.equal(await crash.host.virsh("domstate", name), power === "running" ? "running" : "shut off");

  const acts: Readonly<Record<string, Act>> = {
    "a VM is made": {
      arrange: (name, power) => crash.spec(name, { ...LARGE, power }),
      act: () => crash.apply(),
      isGivenUp: true,
      holds: is,
    },
    "a VM grows": {
      arrange: async (name, power) => {
        await made(name, power);
        await crash.spec(name, { ...LARGE, power });
      },
      act: () => crash.ghost("apply", "--yes", "--max-impact", "guest"),
      holds: async (name, power) => {
        await is(name, power);
        await hasMark(await crash.disk(name), MARK);
        for (const which of [[], ["--inactive"]]) {
          const cards = await crash.host.virsh("domiflist", name, ...which);
          assert.equal(cards.split("\n").length, 2, cards);
        }
      },
    },
    "a VM is restarted for a change": {
      arrange: async (name, power) => {
        await made(name, power);
        await crash.spec(name, { ...RESTARTED, power });
      },
      act: () => crash.ghost("apply", "--yes", "--max-impact", "restart"),
      // A forced end takes its time.
      moments: ["reply"],
      holds: async (name, power) => {
        await is(name, power);
        await hasMark(await crash.disk(name), MARK);
      },
    },
    "a snapshot is taken": {
      arrange: made,
      act: (name) => snapshot("create", name, "then"),
      repeated: /SNAPSHOT_EXISTS/,
      holds: async (name, power) => {
        await is(name, power);
        const disk = await crash.disk(name);
        await hasMark(disk, MARK);
        assert.deepEqual([await snapshots(name), await inside(disk)], ["then", ["then"]]);
      },
    },
    "a VM goes back to a snapshot": {
      arrange: async (name) => {
        await made(name, "stopped");
        await taken(name);
        await mark(await crash.disk(name), LATER);
      },
      act: (name) => snapshot("revert", name, "then", "--yes"),
      holds: async (name) => {
        await hasMark(await crash.disk(name), MARK);
        assert.equal(await snapshots(name), "then");
      },
    },
    "a snapshot is deleted": {
      arrange: async (name) => {
        await made(name, "stopped");
        await taken(name);
      },
      act: (name) => snapshot("delete", name, "then"),
      repeated: /SNAPSHOT_NOT_FOUND/,
      holds: async (name) => {
        const disk = await crash.disk(name);
        await hasMark(disk, MARK);
        assert.deepEqual([await snapshots(name), await inside(disk)], ["", []]);
      },
    },
    "a VM is deleted": {
      arrange: async (name, power) => {
        await crash.spec(name, { ...LARGE, firmware: FIRMWARE, power });
        await crash.done("apply", "--yes");
        await lease(crash.host, LAN, "192.168.122.201");
        await crash.spec();
      },
      act: () => crash.apply(),
      isDeletion: true,
      holds: async () => {},
    },
  };

  let count = 0;
  for (const [name, act] of Object.entries(acts)) {
    test(`while ${name}`, async (t) => {
      let points = 0;
      for (const call of await untouched(act)) for (const at of act.moments ?? MOMENTS) points += await point(t, act, { ...call, at });
      let changes = 0;
      while ((await point(t, act, { change: changes + 1 })) === 1) changes += 1;
      assert.ok(changes >= 2, `${changes} changes of files and records`);
      // What the same act would take up again is to be in nobody's way.
      if (act.isGivenUp === true) for (let change = 1; change <= changes; change++) points += await point(t, act, { change }, givenUp);
      t.diagnostic(`${points + changes} points`);
    });
  }

  /** 0 when the act came to its end before the point. */
  async function point(
    t: TestContext,
    act: Act,
    where: CrashPoint,
    then: (act: Act, name: string, power: Power) => Promise<void> = repeated,
  ): Promise<0 | 1> {
    let was: string | undefined;
    const named = "change" in where ? `before change ${where.change}` : `at the ${where.at} of ${where.procedure} (${where.nth})`;
    await t.test(then === repeated ? named : `${named}, and it is given up`, async (inner) => {
      inner.after(tidied);
      // A machine that runs takes its time, and files are changed in the same way.
      const power = "change" in where ? "stopped" : "running";
      const name = await arranged(act, power);
      was = await crash.killed(where, () => act.act(name));
      inner.diagnostic(was ?? "it was done before");
      await then(act, name, power);
    });
    return was === undefined ? 0 : 1;
  }

  async function arranged(act: Act, power: Power): Promise<string> {
    const name = `vm${(count += 1)}`;
    await act.arrange(name, power);
    return name;
  }

  /** What an agent that is let alone sends to libvirt. */
  async function untouched(act: Act): ReturnType<CrashHost["changing"]> {
    const name = await arranged(act, "running");
    const calls = await crash.changing(async () => {
      const { code, stdout, stderr } = await act.act(name);
      assert.equal(code, 0, stdout + stderr);
    });
    assert.ok(calls.length > 0);
    await settled(act, name, "running");
    await tidied();
    return calls;
  }

  async function repeated(act: Act, name: string, power: Power): Promise<void> {
    const { code, stdout, stderr } = await act.act(name);
    assert.ok(code === 0 || act.repeated?.test(stderr) === true, stdout + stderr);
    await settled(act, name, power);
  }

  async function settled(act: Act, name: string, power: Power): Promise<void> {
    await act.holds(name, power);
    const { code, stdout } = await crash.ghost("plan", "--detailed-exitcode");
    assert.equal(code, 0, stdout);
    await crash.nothingElse(act.isDeletion === true ? undefined : name);
  }

  /** What of an image was copied is kept until somebody makes room. */
  async function givenUp(): Promise<void> {
    await crash.done("agent", "prune", "--yes", "--address", crash.host.agent().address);
    await tidied();
  }

  /** An empty spec is another operation on the VM, and nothing is left of it then. */
  async function tidied(): Promise<void> {
    await crash.spec();
    const { code, stdout, stderr } = await crash.apply();
    assert.equal(code, 0, stdout + stderr);
    await crash.nothingElse();
  }
});
