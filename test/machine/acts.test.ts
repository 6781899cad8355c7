// What is left when an agent or libvirtd dies in the middle of a person's act, told by virsh.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";
import type { Fault } from "./support/proxy.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("a person's act that was cut off", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost();
  });
  after(() => host?.[Symbol.asyncDispose]());

  const snapshot = async (...args: readonly string[]): ReturnType<TestHost["ghost"]> =>
    await host.ghost("vm", "snapshot", ...args, "--address", host.agent().address);
  const names = async (): Promise<readonly string[]> =>
    (await host.virsh("snapshot-list", "web", "--name")).split("\n").filter((name) => name !== "");

  async function apply(step: string): Promise<void> {
    await host.spec({ web: { wait_for: "none", labels: { step } } });
    await host.done("apply", "--yes");
  }

  /** Does it while the agent is killed at that point, and starts the agent again. */
  async function killed({ procedure, at }: Pick<Fault, "procedure" | "at">, ...args: readonly string[]): Promise<void> {
    const happened = host.proxy.inject({
      procedure,
      at,
      act: async () => {
        await host.endAgent("KILL");
        return "drop" as const;
      },
    });
    const lost = await snapshot(...args);
    assert.equal(lost.code, 1, lost.stdout);
    assert.match(lost.stderr, /AGENT_UNREACHABLE/);
    await happened;
    await host.startAgent();
    await until(async () => /interrupted/.test(await host.done("op", "list")), "the operation to be told as interrupted");
  }

  const CREATE = "REMOTE_PROC_DOMAIN_SNAPSHOT_CREATE_XML";
  const REVERT = "REMOTE_PROC_DOMAIN_REVERT_TO_SNAPSHOT";

  test("a snapshot that was not begun is made by the next request, one that was made is there", async () => {
    await apply("one");
    await killed({ procedure: CREATE, at: "call" }, "create", "web", "before");
    assert.deepEqual(await names(), []);
    assert.equal((await snapshot("create", "web", "before")).code, 0);
    await killed({ procedure: CREATE, at: "reply" }, "create", "web", "second");
    assert.deepEqual([...(await names())].sort(), ["before", "second"]);
    assert.match((await snapshot("create", "web", "second")).stderr, /SNAPSHOT_EXISTS/);
    assert.equal(await host.virsh("domstate", "web"), "running");
  });

  for (const at of ["call", "reply"] as const)
    test(`a machine that was to go back (${at}) has its owner's record, and what differs is told`, async () => {
      await apply(`two-${at}`);
      await killed({ procedure: REVERT, at }, "revert", "web", "before", "--yes");
      assert.match(await host.virsh("metadata", "web", "--uri", "urn:ghost:vm:1"), new RegExp(`two-${at}`));
      assert.equal(await host.virsh("domstate", "web"), "running");
      const { code, stdout, stderr } = await host.ghost("plan", "--detailed-exitcode");
      assert.equal(code, 0, stdout + stderr);
      assert.equal((await snapshot("revert", "web", "before", "--yes")).code, 0);
      assert.match(await host.virsh("metadata", "web", "--uri", "urn:ghost:vm:1"), new RegExp(`two-${at}`));
    });

  test("a libvirtd that dies while it makes a snapshot leaves no guest standing still, and no disk or snapshot is lost", async () => {
    let again: Promise<void> | undefined;
    void host.proxy.inject({
      procedure: CREATE,
      at: "call",
      act: () => {
        again = (async () => {
          const isUnderway = async (): Promise<boolean> =>
            (await host.virsh("domstate", "web")) === "paused" || (await names()).includes("third");
          await until(isUnderway, "the guest to stand still");
          await host.libvirtd.end("KILL");
          await host.libvirtd.start();
        })();
        return "forward";
      },
    });
    const lost = await snapshot("create", "web", "third");
    assert.ok(again !== undefined, lost.stderr);
    await again;
    // libvirt 9 may take the late answer to the snapshot for that to its first question, and then gives the machine up.
    const state = await host.virsh("domstate", "web");
    if (state === "shut off") await host.done("vm", "start", "web", "--address", host.agent().address);
    else assert.equal(state, "running");
    // It was quicker than its end, or says what it was that ended.
    if (lost.code !== 0) assert.match(lost.stderr, /the connection to libvirt was lost before it answered/);
    const left = await names();
    assert.ok(left.includes("before") && left.includes("second"), left.join());
    const listed = (await host.done("vm", "snapshot", "list", "web", "--json", "--address", host.agent().address)).trim().split("\n");
    assert.deepEqual(listed.map((line) => (JSON.parse(line) as { readonly name: string }).name).sort(), [...left].sort());
    assert.equal((await snapshot("create", "web", "fourth")).code, 0);
    assert.equal((await snapshot("revert", "web", "before", "--yes")).code, 0);
    assert.equal(await host.virsh("domstate", "web"), "running");
  });
});
