import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openLab } from "../testing/command-line.ts";

const SPEC = `ghost: 1
stack: shop
agents: { desk: { address: "ADDRESS" } }
vms:
  web: { agent: desk, image: debian-12 }
`;

suite("ghost agent prune", () => {
  test("tells, asks, and removes what nothing uses", async () => {
    await using lab = await openLab("desk");
    await lab.write("ghost.yaml", SPEC.replace("ADDRESS", lab.address("desk")));
    assert.equal((await lab.ghost("apply", "--yes")).code, 0);
    const nothing = await lab.ghost("agent", "prune", "--dry-run");
    assert.equal(nothing.stdout, "desk: nothing to remove.\n");
    assert.equal((await lab.ghost("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "1")).code, 0);

    const told = await lab.ghost("agent", "prune", "--dry-run");
    assert.match(
      told.stdout,
      /^AGENT +IMAGE +DIGEST +SIZE\ndesk +debian-12 +sha256:\w{12} +\d+\.\d MiB\ndesk: 1 image, \d+\.\d MiB would be removed\.\n$/,
    );
    const unattended = await lab.ghost("agent", "prune");
    assert.equal(unattended.code, 1);
    assert.match(unattended.stderr, /CONFIRMATION_NEEDED[^]*--yes/);
    const refused = await lab.ask("no\n", "agent", "prune");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Remove \d+\.\d MiB of images\?[^]*Nothing was removed/);

    const address = ["--address", lab.address("desk")];
    const done = await lab.ghost("agent", "prune", "--yes", "--json", ...address);
    assert.equal(done.code, 0, done.stderr);
    const [event] = done.events as [{ type: string; dry_run: boolean; bytes: number; removed: { name: string; size_bytes: number }[] }];
    assert.deepEqual(
      [event.type, event.dry_run, event.removed[0]?.name, event.removed[0]?.size_bytes],
      ["pruned", false, "debian-12", event.bytes],
    );
    assert.match((await lab.ask("yes\n", "agent", "prune")).stdout, /nothing to remove/);
  });
});
