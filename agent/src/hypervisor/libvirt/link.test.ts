import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LibvirtError } from "@ghost/libvirt";
import { GhostError, problem } from "@ghost/schemas";
import { hostProblem, told } from "./link.ts";
import { serverError } from "./testdata/fake-libvirt.ts";

const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code, syscall: "open" });
const lost = (source: LibvirtError["source"], cause?: Error): LibvirtError =>
  new LibvirtError({ source, message: "It is so.", code: 38, domain: 7 }, { cause });

suite("what libvirt says", () => {
  const cases: { name: string; reason: unknown; detail: string; hint?: RegExp }[] = [
    { name: "is said as it is, as a sentence", reason: serverError("VIR_ERR_INTERNAL_ERROR", "odd"), detail: 'VM "web": odd.' },
    {
      name: "no socket",
      reason: lost("connect", systemError("ENOENT")),
      detail: 'VM "web": It is so.',
      hint: /apt install.*systemctl enable/,
    },
    { name: "not let in", reason: lost("connect", systemError("EACCES")), detail: 'VM "web": It is so.', hint: /doctor/ },
    { name: "hangs", reason: lost("timeout"), detail: 'VM "web": libvirt does not answer. It is so.', hint: /systemctl status libvirtd/ },
    {
      name: "lost",
      reason: lost("disconnected"),
      detail: 'VM "web": the connection to libvirt was lost before it answered, and what it was asked to do may have been done. It is so.',
      hint: /Run it again/,
    },
    { name: "closed by us", reason: lost("closed"), detail: 'VM "web": the agent is stopping.' },
    {
      name: "a machine that is gone",
      reason: serverError("VIR_ERR_NO_DOMAIN", "no domain with matching uuid"),
      detail: 'VM "web": the host does not have this machine any more.',
    },
    {
      name: "a right that is missing",
      reason: serverError("VIR_ERR_ACCESS_DENIED", "denied"),
      detail: 'VM "web": denied.',
      hint: /polkit/,
    },
    {
      name: "no network",
      reason: serverError("VIR_ERR_NO_NETWORK", "no network 'lab'"),
      detail: "VM \"web\": no network 'lab'.",
      hint: /net-list/,
    },
    {
      name: "busy",
      reason: serverError("VIR_ERR_OPERATION_TIMEOUT", "held by x"),
      detail: 'VM "web": held by x.',
      hint: /when it is over/,
    },
    { name: "a file", reason: systemError("EIO"), detail: 'VM "web": EIO: no.' },
  ];
  for (const { name, reason, detail, hint } of cases) {
    test(name, () => {
      const [diagnostic] = hostProblem(reason, 'VM "web"').diagnostics;
      assert.deepEqual([diagnostic.code, diagnostic.detail], ["HOST_ERROR", detail]);
      if (hint === undefined) assert.equal(diagnostic.hint, undefined);
      else assert.match(diagnostic.hint ?? "", hint);
    });
  }

  test("a problem, a cancellation and a bug stay what they are", async () => {
    const aborted = new DOMException("aborted", "AbortError");
    for (const reason of [problem("VM_EXISTS", "It is there."), aborted, new TypeError("bug")])
      await assert.rejects(
        told("x", () => Promise.reject(reason)),
        (error) => error === reason,
      );
    await assert.rejects(
      told("x", () => Promise.reject(systemError("EIO"))),
      GhostError,
    );
  });
});
