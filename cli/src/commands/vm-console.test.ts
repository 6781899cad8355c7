/** A VM's console from the command line, on agents over simulated hosts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import { ghost, openLab } from "../testing/command-line.ts";
import type { Lab, Ran } from "../testing/command-line.ts";

const BIN = path.join(import.meta.dirname, "../../bin/ghost.js");

async function labWithVm(): Promise<Lab> {
  const lab = await openLab("desk");
  lab.host("desk").addForeignDomain({ name: "web", status: "running", networks: { net0: "default" } });
  return lab;
}

/** The command as somebody at a keyboard sees it, with a say in what happens meanwhile. */
function atKeyboard(
  lab: Lab,
  argv: readonly string[],
): { keys: PassThrough & { raw: boolean[] }; readonly until: (text: string) => Promise<void>; ended: Promise<Ran> } {
  const keys = Object.assign(new PassThrough(), { raw: [] as boolean[], setRawMode: (isRaw: boolean) => void keys.raw.push(isRaw) });
  let seen = "";
  let wake = (): void => {};
  const ended = ghost([...argv, "--address", lab.address("desk")], {
    cwd: lab.cwd,
    isTerminal: true,
    stdin: keys,
    onOutput: (text) => {
      seen += text;
      wake();
    },
  });
  return {
    keys,
    ended,
    until: async (text) => {
      while (!seen.includes(text)) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), ended.then(failure)]);
    },
  };
}

function failure({ stdout, stderr }: Ran): never {
  throw new Error(`ended before:\n${stdout}${stderr}`);
}

suite("ghost vm console", () => {
  test("at a keyboard every key goes to the VM, and Ctrl-] leaves", async () => {
    await using lab = await labWithVm();
    const { keys, until, ended } = atKeyboard(lab, ["vm", "console", "web"]);
    await until("This is the console of web.");
    keys.write("ls\u0003\r");
    await until("ls\u0003\r\n");
    keys.write("last");
    await until("last");
    keys.write("\u001dnot this");
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, /not this/.test(stdout)], [0, false], stderr);
    assert.match(stderr, /^This is the console of VM web; Ctrl-\] leaves it\./);
    assert.match(stderr, /Left the console of VM web\.\n$/);
    assert.deepEqual(keys.raw, [true, false]);
    assert.ok(stdout.endsWith("\u001b[0m\u001b[?25h"));
  });

  test("ends with the VM, and says so", async () => {
    await using lab = await labWithVm();
    const { keys, until, ended } = atKeyboard(lab, ["vm", "console", "web"]);
    await until("This is the console of web.");
    lab.host("desk").setDomain("web", { status: "stopped" });
    const { code, stderr } = await ended;
    assert.deepEqual([code, keys.raw], [0, [true, false]]);
    assert.match(stderr, /ended: it is stopped\.\n$/);
  });

  test("is one person's at a time, and can be taken", async () => {
    await using lab = await labWithVm();
    const first = atKeyboard(lab, ["vm", "console", "web"]);
    await first.until("This is the console of web.");
    const refused = await lab.ghost("vm", "console", "web", "--address", lab.address("desk"));
    assert.deepEqual(
      [refused.code, /open already/.test(refused.stderr), /vm console web --force/.test(refused.stderr)],
      [1, true, true],
      refused.stderr,
    );
    const second = atKeyboard(lab, ["vm", "console", "web", "--force"]);
    const { code, stderr } = await first.ended;
    assert.deepEqual([code, first.keys.raw], [1, [true, false]]);
    assert.match(stderr, /somebody else took it/);
    second.keys.write("\u001d");
    assert.equal((await second.ended).code, 0);
  });

  test("a lost agent is an error, and the keyboard is given back", async () => {
    await using lab = await labWithVm();
    const { keys, until, ended } = atKeyboard(lab, ["vm", "console", "web"]);
    await until("This is the console of web.");
    await lab.stopAgent("desk");
    const { code, stderr } = await ended;
    assert.deepEqual([code, keys.raw], [1, [true, false]], stderr);
    assert.match(stderr, /AGENT_UNREACHABLE/);
  });

  test("an interrupted process gives the keyboard back", async () => {
    await using lab = await labWithVm();
    const stop = new AbortController();
    const keys = Object.assign(new PassThrough(), { raw: [] as boolean[], setRawMode: (isRaw: boolean) => void keys.raw.push(isRaw) });
    const { code } = await ghost(["vm", "console", "web", "--address", lab.address("desk")], {
      cwd: lab.cwd,
      isTerminal: true,
      stdin: keys,
      stop: stop.signal,
      onOutput: (text) => text.includes("This is the console of web.") && stop.abort(),
    });
    assert.deepEqual([code, keys.raw], [130, [true, false]]);
  });

  test("what is piped in is typed, and what the VM says is all of stdout", async () => {
    await using lab = await labWithVm();
    const argv = ["vm", "console", "web", "--linger", "3s", "--address", lab.address("desk")];
    const { code, stdout, stderr } = await ghost(argv, { cwd: lab.cwd, input: "up\u001dtime\n" });
    assert.deepEqual([code, stdout, stderr], [0, "This is the console of web.\r\nup\u001dtime\r\n", ""]);
  });

  test("a VM that is stopped or is not there is named", async () => {
    await using lab = await labWithVm();
    lab.host("desk").setDomain("web", { status: "stopped" });
    for (const [vm, want] of [
      ["web", /VM_POWER_STATE.*"web" is stopped.*ghost vm start web/s],
      ["shop", /VM_NOT_FOUND/],
    ] as const) {
      const { code, stdout, stderr } = await lab.ghost("vm", "console", vm, "--address", lab.address("desk"));
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, want);
    }
  });
});

suite("ghost vm logs", () => {
  test("prints what was written, or its last lines", async () => {
    await using lab = await labWithVm();
    const logs = async (...more: readonly string[]): Promise<Ran> =>
      lab.ghost("vm", "logs", "web", "--address", lab.address("desk"), ...more);
    const whole = await logs();
    assert.deepEqual([whole.code, whole.stderr], [0, ""]);
    assert.match(whole.stdout, /^Simulated bios on pc.*web is up\r\n$/s);
    const lines = whole.stdout.split("\r\n");
    assert.equal((await logs("--tail", "1")).stdout, "web is up\r\n");
    assert.equal((await logs("--tail", "2")).stdout, lines.slice(-3).join("\r\n"));
    assert.equal((await logs("--tail", "999")).stdout, whole.stdout);
  });

  test("on a terminal the guest draws nothing", async () => {
    await using lab = await labWithVm();
    await ghost(["vm", "console", "web", "--address", lab.address("desk")], { cwd: lab.cwd, input: "\u001b[2J\u001b]0;title\u0007x\n" });
    const argv = ["vm", "logs", "web", "--tail", "1", "--address", lab.address("desk")];
    assert.equal((await ghost(argv, { cwd: lab.cwd })).stdout, "\u001b[2J\u001b]0;title\u0007x\r\n");
    for (const more of [[], ["--no-tty"]]) {
      assert.equal((await ghost([...argv, ...more], { cwd: lab.cwd, isTerminal: true })).stdout, "\\e]0;title\\x07x\n");
    }
  });

  test("follows until it is interrupted", async () => {
    await using lab = await labWithVm();
    const stop = new AbortController();
    let seen = "";
    const { code } = await ghost(["vm", "logs", "web", "--follow", "--tail", "1", "--address", lab.address("desk")], {
      cwd: lab.cwd,
      stop: stop.signal,
      onOutput: (text) => {
        if (seen === "") {
          lab.host("desk").setDomain("web", { status: "stopped" });
          lab.host("desk").setDomain("web", { status: "running" });
        }
        seen += text;
        if (seen.match(/web is up/g)?.length === 2) stop.abort();
      },
    });
    assert.equal(code, 130);
  });

  test("says that there is nothing", async () => {
    await using lab = await openLab("desk");
    lab.host("desk").addForeignDomain({ name: "new" });
    const { code, stdout, stderr } = await lab.ghost("vm", "logs", "new", "--address", lab.address("desk"));
    assert.deepEqual([code, stdout, stderr], [0, "", "VM new has written nothing on its console.\n"]);
  });
});

suite("ghost vm ssh", () => {
  /** `ghost ARGS` as a process of its own, with an `ssh` that prints what it was given and ends with 7. */
  async function runSsh(
    lab: Lab,
    args: readonly string[],
    { withSsh = true } = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const bin = path.join(lab.cwd, "bin");
    await mkdir(bin, { recursive: true });
    if (withSsh) {
      await writeFile(path.join(bin, "ssh"), `#!/bin/sh\nfor word in "$@"; do echo "$word"; done\nexit 7\n`);
      await chmod(path.join(bin, "ssh"), 0o755);
    }
    const child = spawn(process.execPath, [BIN, "vm", "ssh", "--address", lab.address("desk"), ...args], {
      env: { PATH: withSsh ? `${bin}:/usr/bin:/bin` : bin, HOME: lab.cwd },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (out.stdout += String(text)));
    child.stderr.on("data", (text) => (out.stderr += String(text)));
    const [code] = (await once(child, "close")) as [number];
    return { code, ...out };
  }

  test("gives ssh the address, the VM's id for its host key, the user and the command, and ends as it does", async () => {
    await using lab = await labWithVm();
    const { uid, ipAddress } = lab.host("desk").findDomain("web")!;
    const alias = ["-o", `HostKeyAlias=${uid}`, "-o", "ConnectTimeout=15"];
    const cases: readonly (readonly [args: readonly string[], want: readonly string[]])[] = [
      [["web"], [...alias, "--", ipAddress]],
      [
        ["web", "--user", "root", "--jump", "me@host-1"],
        [...alias, "-l", "root", "-J", "me@host-1", "--", ipAddress],
      ],
      [
        ["web", "--", "ls", "-l", "/"],
        [...alias, "--", ipAddress, "ls", "-l", "/"],
      ],
      [[uid], [...alias, "--", ipAddress]],
    ];
    for (const [args, want] of cases) {
      const { code, stdout, stderr } = await runSsh(lab, args);
      assert.deepEqual([code, stdout.trim().split("\n")], [7, want], stderr);
    }
  });

  test("takes the user of the image", async () => {
    await using lab = await openLab("desk");
    assert.equal(
      (await lab.ghost("vm", "create", "--name", "made", "--template", "ubuntu-22.04", "--address", lab.address("desk"))).code,
      0,
    );
    assert.match((await runSsh(lab, ["made"])).stdout, /^-l\nubuntu$/m);
  });

  test("waits for an address no longer than told", async () => {
    await using lab = await labWithVm();
    lab.host("desk").setLatency({ address: 300 });
    lab.host("desk").setDomain("web", { status: "stopped" });
    lab.host("desk").setDomain("web", { status: "running" });
    assert.equal((await runSsh(lab, ["web", "--wait", "1m"])).code, 7);
    lab.host("desk").setLatency({ address: 3_600_000 });
    for (const [args, want] of [
      [["web"], /WAIT_TIMEOUT.*no address yet.*--wait/s],
      [["web", "--wait", "1s"], /WAIT_TIMEOUT.*within 1\.0 s/s],
    ] as const) {
      const { code, stdout, stderr } = await runSsh(lab, args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, want);
    }
  });

  test("a VM that cannot answer, an ssh that is not there", async () => {
    await using lab = await labWithVm();
    const missing = await runSsh(lab, ["web"], { withSsh: false });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /PROGRAM_MISSING.*"ssh" is not installed/s);
    lab.host("desk").setDomain("web", { status: "stopped" });
    assert.match((await runSsh(lab, ["web"])).stderr, /VM_POWER_STATE.*ghost vm start web/s);
    assert.match((await runSsh(lab, ["shop"])).stderr, /VM_NOT_FOUND.*ghost vm list/s);
  });

  test("an address that is none never reaches ssh", async () => {
    await using lab = await labWithVm();
    lab.host("desk").setDomain("web", { ip_address: "-oProxyCommand=evil" });
    const { code, stdout } = await runSsh(lab, ["web"]);
    assert.deepEqual([code, stdout], [1, ""]);
  });
});
