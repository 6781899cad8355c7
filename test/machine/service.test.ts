// The agent with what its service leaves it of root's rights, and a libvirt as distributions have it: QEMU is another user.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { unitText } from "../../cli/src/service/unit.ts";
import { ghost, ghostProgram, until, untilItAnswers } from "../support/ghost.ts";
import type { AgentProcess } from "../support/ghost.ts";
import { guestImage } from "./support/guest-image.ts";
import { startLibvirtd } from "./support/libvirtd.ts";
import type { PrivateLibvirtd } from "./support/libvirtd.ts";
import { makeNetwork } from "./support/network.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const URI = "qemu:///system";
const LIBVIRT_QEMU = 64055;
const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

/** What the unit says under a name. */
function unitValue(name: string): string {
  const unit = unitText({ command: ["node"], configPath: "/etc/ghost/agent.yaml", writable: [] });
  return new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
}

suite("the agent as its service runs it", { skip: reason ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let dir: string;
  let agent: AgentProcess;
  let image: string;
  before(async () => {
    image = await guestImage();
    daemon = await startLibvirtd({ ownNetwork: true, otherUser: true });
    await makeNetwork(daemon);
    dir = await mkdtemp(path.join(tmpdir(), "ghost-service-"));
    await chmod(dir, 0o711);
    await mkdir(path.join(dir, "work"));
    const config = path.join(dir, "agent.yaml");
    await writeFile(
      config,
      `hypervisor: libvirt\ndata_dir: ${dir}/data\nlibvirt: { uri: "${URI}?socket=${daemon.socketPath}" }\n` +
        `grpc: { listen_addr: "unix:${dir}/agent.sock" }\nmetrics: { enabled: false }\nhealth: { enabled: false }\n`,
    );
    const capabilities = unitValue("CapabilityBoundingSet").toLowerCase().replaceAll("cap_", "+").split(" ");
    assert.ok(capabilities.length > 0 && capabilities[0] !== "");
    const [command, args, options] = ghostProgram(["agent", "run", "--config", config]);
    const limited = ["--bounding-set", ["-all", ...capabilities].join(","), "--inh-caps", "-all", "--no-new-privs"];
    const masked = ["sh", "-c", `umask ${unitValue("UMask")}; exec "$@"`, "sh", command, ...args];
    agent = await untilItAnswers(daemon.inside("setpriv", [...limited, ...masked], options), dir);
  });
  after(async () => {
    await agent?.kill("SIGKILL");
    await daemon?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  async function done(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await ghost(args, { cwd: path.join(dir, "work") });
    assert.equal(code, 0, `ghost ${args.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  }

  async function apply(values: string): Promise<void> {
    const vm = `{ agent: pc, image_path: ${image}, ram_gb: 1, stop_timeout_s: 5, ${values} }`;
    await writeFile(
      path.join(dir, "work/ghost.yaml"),
      `ghost: 1\nstack: home\nagents: { pc: { address: "unix:${dir}/agent.sock" } }\nvms:\n  web: ${vm}\n`,
    );
    await done("apply", "--yes", "--max-impact", "stop");
  }

  async function diskOwner(): Promise<number> {
    const file = /file='([^']+\.qcow2)'/.exec(await daemon.virsh(URI, "dumpxml", "web"))?.[1] ?? "";
    return (await stat(file)).uid;
  }

  test("has the rights of the unit and no others", async () => {
    const status = await readFile(`/proc/${agent.process.pid}/status`, "utf8");
    // CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER
    assert.match(status, /^CapEff:\s+000000000000000b$/m);
    assert.match(status, /^CapBnd:\s+000000000000000b$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
  });

  test("makes a VM whose disk QEMU's user has while it runs", async () => {
    await apply("disk_gb: 1, wait_for: ip");
    assert.match(await daemon.virsh(URI, "list"), /web +running/);
    assert.equal(await diskOwner(), LIBVIRT_QEMU);
  });

  test("reads the console log, which virtlogd keeps", async () => {
    await until(
      async () => (await done("vm", "logs", "web", "--address", `unix:${dir}/agent.sock`)).length > 0,
      "the machine to say something",
    );
  });

  test("stops it, grows the disk that libvirt handed back, and starts it again", async () => {
    await apply("disk_gb: 1, power: stopped");
    assert.match(await daemon.virsh(URI, "list", "--all"), /web +shut off/);
    await apply("disk_gb: 2, power: stopped");
    await apply("disk_gb: 2");
    assert.match(await daemon.virsh(URI, "list"), /web +running/);
    assert.equal(await diskOwner(), LIBVIRT_QEMU);
  });

  test("destroys it and leaves nothing", async () => {
    await done("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
    assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "");
    for (const folder of ["disks", "seeds", "consoles"]) assert.deepEqual(await readdir(path.join(dir, "data", folder)), [], folder);
  });
});
