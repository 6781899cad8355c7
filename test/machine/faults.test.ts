// What a person sees when something around the agent fails, and what is left of it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { ghost } from "../../cli/src/testing/command-line.ts";
import type { Ran } from "../../cli/src/testing/command-line.ts";
import { ghost as ghostProcess, ghostProgram, startAgent, until, untilItAnswers } from "../support/ghost.ts";
import type { AgentProcess } from "../support/ghost.ts";
import { hasMark, mark, sleepingImage } from "./support/crash.ts";
import { startHost } from "./support/host.ts";
import type { TestHost, VmValues } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();
const NOBODY = 65534;
const MAC = "52:54:00:00:ab:01";

suite("faults around an agent", { skip: reason ?? false }, () => {
  let host: TestHost;
  let folder: string;
  let image: string;
  before(async () => {
    host = await startHost();
    folder = await mkdtemp(path.join(tmpdir(), "ghost-faults-"));
    await chmod(folder, 0o711);
    image = path.join(folder, "sleeping.img");
    await writeFile(image, sleepingImage("sleeping"));
  });
  after(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await host.spec({});
    const { code, stderr } = await call("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "9");
    assert.equal(code, 0, stderr);
    await nothing();
  });

  const call = async (...args: readonly string[]): Promise<Ran> => await ghost(args, { cwd: host.work });
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...args);
    assert.equal(code, 0, `ghost ${args.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  };
  const spec = async (vms: Readonly<Record<string, VmValues>>): Promise<void> =>
    await host.spec(Object.fromEntries(Object.entries(vms).map(([name, vm]) => [name, { image_path: image, wait_for: "none", ...vm }])));

  /** Ghost has nothing on the host. */
  async function nothing(): Promise<void> {
    for (const part of ["disks", "seeds", "consoles"])
      assert.deepEqual(await readdir(path.join(host.dataDir, part)).catch(() => []), [], part);
  }

  /** Fails, and leaves nothing. */
  async function refused(code: string, detail: RegExp): Promise<void> {
    const ran = await call("apply", "--yes");
    assert.equal(ran.code, 1, ran.stdout);
    assert.ok(ran.stderr.includes(code), ran.stderr);
    assert.match(ran.stderr, detail);
    await nothing();
  }

  suite("libvirt", () => {
    test("that is down when the agent starts is told of, and works when it is there", async () => {
      await host.endAgent("TERM");
      await host.libvirtd.end("TERM");
      await host.startAgent();
      await spec({ web: {} });
      const { code, stderr } = await call("plan");
      assert.equal(code, 1);
      assert.match(stderr, /HOST_ERROR.*\n(?:.*\n)*.*libvirt/);
      await host.libvirtd.start();
      await until(async () => (await call("plan")).code === 0, "libvirt to be seen");
      await done("apply", "--yes");
    });

    test("that is killed in the middle of an apply fails it, and the next one goes on", async () => {
      await spec({ web: {} });
      const happened = host.proxy.inject({
        procedure: "REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS",
        at: "reply",
        act: async (): Promise<"drop"> => {
          await host.libvirtd.end("KILL");
          return "drop";
        },
      });
      const { code, stderr } = await call("apply", "--yes");
      await happened;
      assert.equal(code, 1);
      assert.match(stderr, /HOST_ERROR/);
      assert.match(stderr, /connection to libvirt was lost/);
      await host.libvirtd.start();
      await until(async () => (await call("plan")).code === 0, "libvirt to be seen");
      await done("apply", "--yes");
      assert.equal(await host.virsh("domstate", "web"), "running");
      await done("plan", "--detailed-exitcode");
    });

    test("that hangs is told of in time, and what other agents say is told too", async (t) => {
      const other = await startAgent(path.join(folder, "other"));
      t.after(() => other.kill("SIGKILL"));
      const vms = { here: { agent: "desk", image_path: image }, there: { agent: "other", image: "debian-12" } };
      const agents = { desk: { address: host.agent().address }, other: { address: other.address } };
      const cwd = path.join(folder, "two");
      await mkdir(cwd);
      await writeFile(path.join(cwd, "ghost.yaml"), JSON.stringify({ ghost: 1, stack: "two", agents, vms }));
      await host.libvirtd.freeze(true);
      try {
        // As it is found out, and when it is known.
        for (let round = 0; round < 2; round++) {
          const { code, stdout, stderr } = await ghost(["plan"], { cwd });
          assert.equal(code, 1, stdout);
          assert.match(stderr, /HOST_ERROR\] agent desk/);
          assert.match(stderr, /[Ll]ibvirt (?:has not answered|does not answer)/);
          assert.match(stdout, /\+ vm there/);
          assert.match(stdout, /\? vm here/);
        }
      } finally {
        await host.libvirtd.freeze(false);
      }
      await until(async () => (await ghost(["plan"], { cwd })).code === 0, "libvirt to be seen");
    });

    test("whose socket the agent may not use is told of, with the group that may", async (t) => {
      await chmod(host.libvirtd.socketPath, 0o660);
      t.after(() => chmod(host.libvirtd.socketPath, 0o777));
      const dir = path.join(folder, "nobody");
      await mkdir(dir);
      await chown(dir, NOBODY, NOBODY);
      const ids = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "env", `HOME=${dir}`];
      const agent = await agentOf(t, dir, `libvirt: { uri: "qemu:///system?socket=${host.libvirtd.socketPath}" }`, ids);
      await specOf(agent, { web: {} });
      const { code, stderr } = await ghost(["plan"], { cwd: dir });
      assert.equal(code, 1);
      assert.match(stderr, /may not use libvirt's socket/);
      assert.match(stderr, /Its group is root: add yourself \(sudo usermod -aG root nobody\)/);
    });
  });

  suite("somebody else's machine", () => {
    const foreign = (name: string): string =>
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>` +
      `<interface type='network'><mac address='${MAC}'/><source network='default'/></interface></devices></domain>`;

    test("keeps its name", async (t) => {
      await host.define(foreign("web"));
      t.after(() => host.virsh("undefine", "web"));
      const before = await host.virsh("dumpxml", "web");
      await spec({ web: {} });
      await refused("OWNED_BY_OTHER", /"web"/);
      assert.equal(await host.virsh("dumpxml", "web"), before);
      assert.equal(await host.virsh("list", "--all", "--name"), "web");
    });

    test("keeps the address of its card", async (t) => {
      await host.define(foreign("theirs"));
      t.after(() => host.virsh("undefine", "theirs"));
      await spec({ web: { networks: { default: { mac: MAC } } } });
      await refused("MAC_TAKEN", /52:54:00:00:ab:01, which VM "theirs" has/);
      assert.equal(await host.virsh("list", "--all", "--name"), "theirs");
    });
  });

  suite("an image", () => {
    const digest = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
    const images = async (): Promise<readonly string[]> => (await readdir(host.imageDir)).filter((name) => name.includes("partial"));

    test("that is not there, cut off, none, or another one is refused, and nothing is left", async () => {
      const write = async (name: string, content: Uint8Array): Promise<string> => {
        const file = path.join(folder, name);
        await writeFile(file, content);
        return file;
      };
      const whole = await readFile(host.image);
      const cases: readonly (readonly [VmValues, RegExp])[] = [
        [{ image_path: path.join(folder, "nowhere.img") }, /nowhere\.img is not there/],
        [{ image_path: await write("cut.img", whole.subarray(0, whole.length / 2)) }, /cut\.img cannot be used as an image: it is cut off/],
        [{ image_path: await write("text.img", Buffer.from("hello\n".repeat(1000))) }, /text\.img cannot .* no disk image/],
        [{ image_sha256: "0".repeat(64) }, /has the digest sha256:[0-9a-f]+, and sha256:0{64} is wanted/],
      ];
      for (const [values, detail] of cases) {
        await spec({ web: values });
        await refused("IMAGE_MISSING", detail);
        assert.deepEqual(await images(), []);
      }
    });

    test("of the host whose copying was cut off by a kill -9 leaves nothing when the agent is back", async () => {
      const file = path.join(folder, "endless.img");
      await writeFile(file, sleepingImage("endless", 2 ** 20, 0xff));
      // Holes, which are read for longer than the agent lives.
      await truncate(file, 2 ** 40);
      await spec({ web: { image_path: file } });
      const left = new AbortController();
      const applied = ghost(["apply", "--yes"], { cwd: host.work, stop: left.signal, detach: left.signal });
      const half = async (): Promise<string | undefined> => (await images().catch(() => [])).find((name) => name.startsWith("import-"));
      await until(async () => (await half()) !== undefined, "the copy to begin");
      await host.endAgent("KILL");
      left.abort();
      await applied;
      assert.notEqual(await half(), undefined);
      await host.startAgent();
      await until(async () => (await half()) === undefined, "the copy to be removed");
      assert.deepEqual(await images(), []);
      await nothing();
    });

    test("goes on where it was when the agent was killed in the middle of it", async (t) => {
      const content = sleepingImage("far", 8 * 2 ** 20);
      const file = path.join(folder, "far.img");
      await writeFile(file, content);
      const half = content.length / 2;
      const server = host.libvirtd.inside(process.execPath, [
        path.join(import.meta.dirname, "support/image-server.ts"),
        file,
        String(half),
      ]);
      t.after(() => server.kill("SIGKILL"));
      const lines = createInterface({ input: server.stdout! });
      const said: string[] = [];
      lines.on("line", (line) => said.push(line));
      await once(lines, "line");
      await spec({ web: {} });
      const text = await readFile(path.join(host.work, "ghost.yaml"), "utf8");
      const { image_path: _path, ...vm } = (JSON.parse(text) as { vms: { web: VmValues } }).vms.web;
      const web = { ...vm, image_url: `http://127.0.0.1:${said[0]}/far.img`, image_sha256: digest(content) };
      await writeFile(path.join(host.work, "ghost.yaml"), JSON.stringify({ ...(JSON.parse(text) as object), vms: { web } }));
      const applied = call("apply", "--yes");
      const partial = path.join(host.imageDir, `sha256-${digest(content)}.partial`);
      await until(
        () =>
          stat(partial).then(
            ({ size }) => size === half,
            () => false,
          ),
        "half of the image",
      );
      await host.endAgent("KILL");
      await host.startAgent();
      await applied;
      await done("apply", "--yes");
      assert.equal(await host.virsh("domstate", "web"), "running");
      assert.deepEqual(said.slice(1), ["from 0", `from ${half}`]);
      assert.deepEqual(await images(), []);
    });
  });

  test("a disk of the host that is full is told of, and what was begun is removed", async (t) => {
    const dir = path.join(folder, "full");
    await mkdir(path.join(dir, "small"), { recursive: true });
    const big = path.join(folder, "big.img");
    await writeFile(big, sleepingImage("big", 8 * 2 ** 20, 0xff));
    // A file system of its own, which the agent alone sees.
    const mounted = ["unshare", "--mount", "sh", "-c", `mount -t tmpfs -o size=4m none "$0" && exec "$@"`, path.join(dir, "small")];
    const socket = `qemu:///system?socket=${host.libvirtd.socketPath}`;
    const agent = await agentOf(t, dir, `libvirt: { uri: "${socket}", image_cache: "${dir}/small/images" }`, mounted);
    await specOf(agent, { web: { image_path: big } });
    const { code, stderr } = await ghost(["apply", "--yes"], { cwd: dir });
    assert.equal(code, 1);
    assert.match(stderr, /HOST_OUT_OF_DISK/);
    assert.deepEqual(await readdir(`/proc/${agent.process.pid}/root${dir}/small/images`), []);
    assert.deepEqual(await readdir(path.join(dir, "data/disks")).catch(() => []), []);
    assert.equal(await host.virsh("list", "--all", "--name"), "");
  });

  test("the power fails: autostart decides, disks and records are there, and the plan says what differs", async () => {
    const values = { up: { autostart: true }, down: { autostart: false } };
    await spec({ up: { ...values.up, power: "stopped" }, down: { ...values.down, power: "stopped" } });
    await done("apply", "--yes");
    const disk = async (name: string): Promise<string> => /(\/\S+\.qcow2)/.exec(await host.virsh("domblklist", name))?.[1] ?? "";
    for (const name of ["up", "down"]) await mark(await disk(name), 0x5a);
    await spec(values);
    await done("apply", "--yes");
    await host.reboot();
    await until(async () => (await host.virsh("domstate", "up")) === "running", "what starts with the host");
    assert.equal(await host.virsh("domstate", "down"), "shut off");
    const { code, stdout } = await call("plan", "--detailed-exitcode");
    assert.equal(code, 2, stdout);
    assert.match(stdout, /1 to change/);
    assert.match(stdout, /vm down/);
    assert.doesNotMatch(stdout, /vm up/);
    await done("apply", "--yes");
    for (const name of ["up", "down"]) {
      assert.equal(await host.virsh("domstate", name), "running");
      await hasMark(await disk(name), 0x5a);
    }
  });

  test("20 clients at once on one VM are served one at a time, and the losers are told why", async () => {
    await spec({ web: { vcpu_max: 2, vcpu: 1, stop_timeout_s: 1 } });
    await done("apply", "--yes");
    const pid = host.agent().process.pid;
    const at = ["--address", host.agent().address];
    const cwds: string[] = [];
    for (const vcpu of [1, 2, 1]) {
      const cwd = path.join(folder, `client${cwds.length}`);
      await mkdir(cwd);
      await spec({ web: { vcpu_max: 2, vcpu, stop_timeout_s: 1, labels: { client: `${cwds.length}` } } });
      await writeFile(path.join(cwd, "ghost.yaml"), await readFile(path.join(host.work, "ghost.yaml")));
      cwds.push(cwd);
    }
    const clients: Promise<Ran>[] = [];
    for (let round = 0; round < 3; round++) {
      clients.push(
        call("vm", "stop", "web", "--force", ...at),
        call("vm", "start", "web", ...at),
        call("vm", "status", "web", ...at),
        call("vm", "snapshot", "create", "web", `s${round}`, ...at),
        ghost(["plan"], { cwd: cwds[round] ?? "" }),
        ghost(["apply", "--yes"], { cwd: cwds[round] ?? "" }),
      );
    }
    clients.push(call("vm", "restart", "web", ...at), call("vm", "suspend", "web", ...at));
    const ran = await Promise.all(clients);
    assert.equal(ran.length, 20);
    for (const { code, stdout, stderr } of ran)
      assert.ok(
        code === 0 || /\[(?:PLAN_STALE|VM_POWER_STATE|SET_CONFLICT|IMPACT_EXCEEDED|HOST_OUT_OF_VCPU)\]/.test(stderr),
        stdout + stderr,
      );
    assert.ok(ran.some(({ code }) => code !== 0) && ran.some(({ code }) => code === 0));
    assert.equal(host.agent().process.pid, pid);
    assert.equal(host.agent().process.exitCode, null);
    // What is live is what one of them asked for, and the next one who asks is served.
    assert.match(await host.virsh("dumpxml", "web"), /<vcpu placement='static'(?: current='1')?>2<\/vcpu>/);
    assert.ok(["running", "shut off", "paused"].includes(await host.virsh("domstate", "web")));
    await spec({ web: { vcpu_max: 2, vcpu: 2, stop_timeout_s: 1 } });
    await done("apply", "--yes", "--max-impact", "restart");
    await done("plan", "--detailed-exitcode");
  });

  test(
    "20 programs at once on one VM end each with its work done or with a reason, and leave what one of them wanted",
    { timeout: 120_000 },
    async () => {
      const at = ["--address", host.agent().address];
      const { pid } = host.agent().process;
      const wanted: string[] = [];
      for (const vcpu of [1, 2]) {
        const cwd = path.join(folder, `program${vcpu}`);
        await mkdir(cwd);
        await spec({ web: { vcpu_max: 2, vcpu, stop_timeout_s: 1, labels: { wanted: `${vcpu}` } } });
        await writeFile(path.join(cwd, "ghost.yaml"), await readFile(path.join(host.work, "ghost.yaml")));
        wanted.push(cwd);
      }
      await done("apply", "--yes");
      const commands = wanted.map((cwd) => [["apply", "--yes", "--max-impact", "restart"], cwd] as const);
      const others = [
        ["vm", "status", "web", ...at],
        ["vm", "status", "web", ...at],
        ["vm", "restart", "web", ...at],
      ].map((args) => [args, host.work] as const);
      const programs = Array.from({ length: 4 }, () => [...commands, ...others]).flat();
      assert.equal(programs.length, 20);
      const ran = await Promise.all(programs.map(async ([args, cwd]) => ({ args, ...(await ghostProcess(args, { cwd })) })));
      for (const { args, code, stdout, stderr } of ran) {
        const said = `ghost ${args.join(" ")}: ${code}\n${stdout}${stderr}`;
        assert.ok(code === 0 || (code === 1 && /\[(?:PLAN_STALE|VM_POWER_STATE|SET_CONFLICT)\]/.test(stderr)), said);
        assert.doesNotMatch(said, /^ +at .*:\d+/m);
      }
      const succeeded = new Set(ran.filter(({ code }) => code === 0).map(({ args }) => args.slice(0, 2).join(" ")));
      assert.deepEqual([...succeeded].toSorted(), ["apply --yes", "vm restart", "vm status"]);

      // What is there is all of what one of them wanted, and nothing else.
      assert.equal(host.agent().process.pid, pid);
      assert.equal(await done("op", "list", "--active", ...at), "No operations.\n");
      assert.equal(await host.virsh("list", "--name"), "web");
      assert.equal(await host.virsh("list", "--all", "--name"), "web");
      const plans = await Promise.all(wanted.map(async (cwd) => (await ghost(["plan", "--detailed-exitcode"], { cwd })).code));
      assert.deepEqual(
        plans.toSorted((a, b) => a - b),
        [0, 2],
      );
      const uid = await host.virsh("domuuid", "web");
      const left = async (name: string): Promise<readonly string[]> => await readdir(path.join(host.dataDir, name));
      assert.deepEqual([await left("disks"), await left("seeds"), await left("consoles")], [[uid], [`${uid}.iso`], [`${uid}.log`]]);
      assert.equal((await left(`disks/${uid}`)).length, 1);
    },
  );

  test("a guest whose agent hangs holds nobody up, and hears the power button", async () => {
    const web = { image_path: host.image, wait_for: "guest-agent", stop_timeout_s: 60 };
    await spec({ web });
    await done("apply", "--yes");
    const hang = { execute: "guest-exec", arguments: { path: "/bin/sh", arg: ["-c", "kill -STOP $(pidof qemu-ga)"] } };
    await host.virsh("qemu-agent-command", "web", "--timeout", "5", JSON.stringify(hang)).catch(() => undefined);
    // The program is on its way when the guest says that it has started it.
    const ping = async (): Promise<string> => await host.virsh("qemu-agent-command", "web", "--timeout", "1", '{"execute":"guest-ping"}');
    await until(
      async () =>
        await ping().then(
          () => false,
          () => true,
        ),
      "the guest's agent to hang",
    );
    await done("plan", "--detailed-exitcode");
    assert.match(await done("vm", "status", "web", "--address", host.agent().address), /running/);
    await spec({ web: { ...web, power: "stopped", labels: { kept: "no" } } });
    await done("apply", "--yes", "--max-impact", "stop");
    assert.equal(await host.virsh("domstate", "web", "--reason"), "shut off (shutdown)");
  });

  /** One more agent over the same libvirt, started behind these words. */
  async function agentOf(t: TestContext, dir: string, lines: string, words: readonly string[]): Promise<AgentProcess> {
    const config = path.join(dir, "agent.yaml");
    await writeFile(
      config,
      `hypervisor: libvirt\ndata_dir: ${dir}/data\ngrpc: { listen_addr: "unix:${dir}/agent.sock" }\n` +
        `metrics: { enabled: false }\nhealth: { enabled: false }\n${lines}\n`,
    );
    const [command, args, options] = ghostProgram(["agent", "run", "--config", config]);
    const [first = command, ...more] = [...words, command, ...args];
    const agent = await untilItAnswers(host.libvirtd.inside(first, more, options), dir);
    t.after(() => agent.kill("SIGKILL"));
    return agent;
  }

  async function specOf({ address, dir }: AgentProcess, vms: Readonly<Record<string, VmValues>>): Promise<void> {
    const values = Object.entries(vms).map(([name, vm]) => [name, { agent: "desk", image_path: image, ram_gb: 1, disk_gb: 1, ...vm }]);
    const text = JSON.stringify({ ghost: 1, stack: "shop", agents: { desk: { address } }, vms: Object.fromEntries(values) });
    await writeFile(path.join(dir, "ghost.yaml"), text);
  }
});
