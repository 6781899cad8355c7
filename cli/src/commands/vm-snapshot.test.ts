import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ghost, openLab } from "../testing/command-line.ts";
import type { Lab, Ran } from "../testing/command-line.ts";

interface Desk {
  readonly lab: Lab;
  readonly vm: (...argv: readonly string[]) => Promise<Ran>;
  readonly ask: (input: string, ...argv: readonly string[]) => Promise<Ran>;
}

/** An agent with the VM `my-vm`, which runs. */
async function openDesk(stack: AsyncDisposableStack): Promise<Desk> {
  const lab = stack.use(await openLab("desk"));
  const words = (argv: readonly string[]): readonly string[] => ["vm", ...argv, "--address", lab.address("desk")];
  const vm = (...argv: readonly string[]): Promise<Ran> => lab.ghost(...words(argv));
  assert.equal((await vm("create", "--name", "my-vm", "--template", "debian-12")).code, 0);
  return { lab, vm, ask: (input, ...argv) => lab.ask(input, ...words(argv)) };
}

suite("ghost vm snapshot", () => {
  test("create, list, revert and delete", async () => {
    await using stack = new AsyncDisposableStack();
    const { lab, vm } = await openDesk(stack);
    assert.equal((await vm("snapshot", "list", "my-vm")).stdout, "VM my-vm has no snapshots.\n");
    const made = await vm("snapshot", "create", "my-vm", "before", "--description", "as it was");
    assert.equal(made.stdout, "VM my-vm has the snapshot before.\n", made.stderr);
    const unnamed = await vm("snapshot", "create", "my-vm", "--json");
    assert.match(String(unnamed.events.at(-1)?.["name"]), /^at-\d{8}-\d{6}$/);
    const { stdout } = await vm("snapshot", "list", "my-vm");
    assert.match(
      stdout,
      /^NAME +CREATED +STATUS +PARENT +DESCRIPTION\nbefore +\S+Z +running +- +as it was\nat-\S+ \(current\) +\S+Z +running +before +-\n$/,
    );
    const [first] = (await vm("snapshot", "list", "my-vm", "--json")).events;
    assert.deepEqual(
      { ...first, created_at: "" },
      { type: "snapshot", vm: "my-vm", name: "before", description: "as it was", created_at: "", status: "running", is_current: false },
    );
    lab.host("desk").setDomain("my-vm", { vcpu: 4 });
    const reverted = await vm("snapshot", "revert", "my-vm", "before", "--yes");
    assert.equal(reverted.stdout, "VM my-vm is what it was at before: running.\n", reverted.stderr);
    assert.equal(lab.host("desk").findDomain("my-vm")?.live.vcpu, 1);
    assert.equal((await vm("snapshot", "delete", "my-vm", "before")).stdout, "VM my-vm has no snapshot before any more.\n");
    assert.equal((await vm("snapshot", "list", "my-vm", "--json")).events.length, 1);
  });

  test("revert asks at a terminal, and needs --yes where nobody can be asked", async () => {
    await using stack = new AsyncDisposableStack();
    const { lab, vm, ask } = await openDesk(stack);
    await vm("snapshot", "create", "my-vm", "before");
    lab.host("desk").setDomain("my-vm", { vcpu: 4 });
    const vcpu = (): number | undefined => lab.host("desk").findDomain("my-vm")?.live.vcpu;
    const alone = await vm("snapshot", "revert", "my-vm", "before");
    assert.match(alone.stderr, /CONFIRMATION_NEEDED[^]*--yes/);
    const no = await ask("yes\n", "snapshot", "revert", "my-vm", "before");
    assert.deepEqual([alone.code, no.code, vcpu()], [1, 1, 4]);
    assert.match(no.stderr, /back to the snapshot before of \S+Z; what was written since is lost\. Type revert[^]*Nothing was changed/);
    assert.equal((await ask("revert\n", "snapshot", "revert", "my-vm", "before")).code, 0);
    assert.equal(vcpu(), 1);
    assert.match((await ask("", "snapshot", "revert", "my-vm", "never")).stderr, /SNAPSHOT_NOT_FOUND[^]*It has before\./);
  });

  const refused: readonly (readonly [argv: readonly string[], want: RegExp])[] = [
    [["revert", "my-vm"], /needs the name of a snapshot[^]*ghost vm snapshot list my-vm/],
    [["delete", "my-vm"], /needs the name of a snapshot/],
    [["list", "my-vm", "x"], /takes no name/],
    [["make", "my-vm"], /create, list, revert, delete/],
    [["create", "my-vm", "1"], /VM_INVALID[^]*starting with a letter/],
    [["create", "other"], /VM_NOT_FOUND/],
    [["list", "other"], /VM_NOT_FOUND/],
    [["create", "my-vm", "x", "--max-impact", "none"], /IMPACT_EXCEEDED[^]*--max-impact live/],
    [["revert", "my-vm", "before", "--yes", "--max-impact", "stop"], /IMPACT_EXCEEDED[^]*data-loss/],
  ];
  test("says what is wrong, and what to do", async () => {
    await using stack = new AsyncDisposableStack();
    const { vm } = await openDesk(stack);
    await vm("snapshot", "create", "my-vm", "before");
    for (const [argv, want] of refused) {
      const { code, stderr } = await vm("snapshot", ...argv);
      assert.equal(code, 1, argv.join(" "));
      assert.match(stderr, want, argv.join(" "));
    }
    assert.equal((await vm("snapshot", "list", "my-vm", "--json")).events.length, 1);
  });
});

suite("ghost vm suspend, resume and restart", () => {
  test("do what they say, or say why not", async () => {
    await using stack = new AsyncDisposableStack();
    const { lab, vm } = await openDesk(stack);
    assert.equal((await vm("suspend", "my-vm")).stdout, "VM my-vm is paused.\n");
    assert.match((await vm("suspend", "my-vm")).stderr, /VM_POWER_STATE[^]*suspended already/);
    assert.deepEqual((await vm("resume", "my-vm", "--json")).events, [{ type: "vm", vm: "my-vm", status: "running" }]);
    assert.equal((await vm("restart", "my-vm")).stdout, "VM my-vm is running.\n");
    assert.match((await vm("restart", "my-vm", "--max-impact", "live")).stderr, /IMPACT_EXCEEDED/);
    await vm("stop", "my-vm", "--force");
    assert.match((await vm("restart", "my-vm")).stderr, /VM_POWER_STATE[^]*ghost vm start my-vm/);
    lab.host("desk").addForeignDomain({ name: "legacy", status: "running" });
    assert.match((await vm("restart", "legacy")).stderr, /OWNED_BY_OTHER/);
  });

  test("who names no agent learns how", async () => {
    await using lab = await openLab();
    const env = { GHOST_AGENT_ADDRESS: "unix:/nonexistent/agent.sock" };
    const { stderr } = await ghost(["vm", "restart", "my-vm", "--timeout", "5s"], { cwd: lab.cwd, env });
    assert.match(stderr, /GHOST_AGENT_ADDRESS/);
  });
});
