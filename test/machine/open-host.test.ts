// Which host an agent drives, with a real libvirtd that comes and goes, and where it puts what.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { loadAgentConfig, runAgent } from "../../agent/src/run.ts";
import type { RunningAgent } from "../../agent/src/run.ts";
import { connectHost } from "../../proto/src/client/index.ts";
import { startLibvirtd } from "./support/libvirtd.ts";
import type { PrivateLibvirtd } from "./support/libvirtd.ts";
import { whyNot } from "./support/packages.ts";

suite("the host of an agent", { skip: whyNot("libvirtd", "virsh", "qemu-system-x86_64") ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let dir: string;
  before(async () => {
    daemon = await startLibvirtd();
    dir = await mkdtemp(path.join(tmpdir(), "ghost-host-"));
    await chmod(dir, 0o711);
  });
  after(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  async function start(t: TestContext, name: string, more = ""): Promise<RunningAgent> {
    const file = path.join(dir, `${name}.yaml`);
    await writeFile(
      file,
      `data_dir: ${dir}/${name}\nmetrics: { listen_addr: "127.0.0.1:0" }\nhealth: { listen_addr: "127.0.0.1:0" }\nlogging: { output: file }\n` +
        `libvirt:\n  uri: "qemu:///system?socket=${daemon.socketPath}"\n${more}`,
    );
    const { config } = await loadAgentConfig(file, {});
    const agent = await runAgent({ config, version: "0.1.0", handleSignals: false });
    t.after(() => agent.stop());
    return agent;
  }

  async function hypervisorOf(agent: RunningAgent): Promise<string> {
    await using client = connectHost({ name: "desk", address: agent.address, timeoutMs: 30_000 });
    return (await client.snapshot("")).host.hypervisor;
  }

  test("is libvirt where libvirt answers, and QEMU's way leads through its folder and to nothing else", async (t) => {
    const agent = await start(t, "auto");
    assert.equal(await hypervisorOf(agent), "libvirt");
    assert.equal((await fetch(`${agent.healthUrl}/ready`)).status, 200);
    assert.match(await (await fetch(`${agent.metricsUrl}/metrics`)).text(), /^ghost_agent_hypervisor_up 1$/m);
    const data = path.join(dir, "auto");
    // Others pass through it and do not list it; its group, and the log's, is the agent's.
    assert.equal((await stat(data)).mode & 0o007, 0o001);
    for (const name of await readdir(data)) {
      const found = await stat(path.join(data, name));
      const others = found.mode & 0o007;
      assert.equal(others, found.isDirectory() ? 0o001 : 0, `${name} has the mode ${(found.mode & 0o777).toString(8)}`);
    }
  });

  test("stays libvirt while libvirt is down, and is not ready until it is back", async (t) => {
    await (await start(t, "late")).stop();
    await daemon.end("TERM");
    await rm(daemon.socketPath, { force: true });
    const agent = await start(t, "late");
    assert.equal((await fetch(`${agent.healthUrl}/ready`)).status, 503);
    await daemon.start();
    while ((await fetch(`${agent.healthUrl}/ready`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await hypervisorOf(agent), "libvirt");
  });

  test("keeps disks in the folder of a pool, where one is named", async (t) => {
    await assert.rejects(start(t, "pool", "  storage_pool: vms\n"), /has no storage pool "vms"/);
    await daemon.virsh("qemu:///system", "pool-define-as", "vms", "dir", "--target", path.join(dir, "vms"));
    const agent = await start(t, "pool", "  storage_pool: vms\n");
    assert.equal(await hypervisorOf(agent), "libvirt");
    assert.equal((await stat(path.join(dir, "vms/ghost"))).mode & 0o777, 0o711);
    await daemon.virsh("qemu:///system", "pool-define-as", "logical", "logical", "--source-name", "vg0", "--target", "/dev/vg0");
    await assert.rejects(start(t, "other", "  storage_pool: logical\n"), /is of the kind "logical"/);
  });
});
