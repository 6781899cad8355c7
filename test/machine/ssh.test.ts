// The keys of a spec open the guest's door.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { collect, ghostProgram } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "ssh") ?? whyNoGuest();

suite("ssh into a machine", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost();
  });
  after(() => host?.[Symbol.asyncDispose]());

  test("with the key of the spec, and no other", async () => {
    const folder = await mkdtemp(path.join(host.libvirtd.folder, "ssh-"));
    const makeKey = (name: string): string => {
      const file = path.join(folder, name);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
      return file;
    };
    const [known, other] = [makeKey("known"), makeKey("other")];
    await host.spec({ web: { ssh_keys: [(await readFile(`${known}.pub`, "utf8")).trim()] } });
    await host.done("apply", "--yes");
    await host.http.page(await host.address("web"));

    /** As a person whose ssh is set up with this key: ssh itself asks nothing of the environment. */
    const ssh = async (key: string, ...command: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
      const lines = [
        `IdentityFile ${key}`,
        "IdentitiesOnly yes",
        "BatchMode yes",
        "StrictHostKeyChecking accept-new",
        `UserKnownHostsFile ${path.join(folder, "hosts")}`,
      ];
      await writeFile(path.join(folder, "config"), `${lines.join("\n")}\n`);
      const program = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
      await writeFile(path.join(folder, "ssh"), `#!/bin/sh\nexec ${program} -F ${path.join(folder, "config")} "$@"\n`, { mode: 0o755 });
      const words = ["vm", "ssh", "web", "--user", "root", "--address", host.agent().address, "--", ...command];
      const [node, args, { cwd, env }] = ghostProgram(words, { env: { PATH: `${folder}:${process.env["PATH"]}` } });
      const child = host.libvirtd.inside(node, args, { cwd, env });
      child.stdin?.end();
      return await collect(child);
    };
    const { code, stdout, stderr } = await ssh(known, "hostname; id -un; exit 7");
    assert.deepEqual([code, stdout], [7, "web\nroot\n"], stderr);
    const refused = await ssh(other, "hostname");
    assert.deepEqual([refused.code, refused.stdout], [255, ""]);
    assert.match(refused.stderr, /Permission denied/);
  });
});
