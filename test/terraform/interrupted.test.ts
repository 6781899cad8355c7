/** A terraform that is stopped in the middle of an apply, by hand or by force, and two at once. True processes throughout. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, stat } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

const COUNT = 12;
const FLEET = vm("web", { count: COUNT, name: '"web-${count.index}"' });
const ALL = Array.from({ length: COUNT }, (_, index) => `web-${index}`).toSorted();

/** Starts an apply, two machines at a time, and waits until some exist and some do not. */
async function halfWay(site: Site): Promise<ReturnType<Site["start"]>> {
  await site.write(FLEET);
  site.desk.host.setLatency({ define: 400 });
  const started = site.start("apply", "-auto-approve", "-json", "-parallelism=2");
  await until(() => site.desk.names().length >= 2, "the first machines");
  return started;
}

function uids(site: Site): Readonly<Record<string, string>> {
  return Object.fromEntries(site.desk.host.listDomains().map(({ live, uid }) => [live.name, uid]));
}

/** Nothing lost, nothing twice: what was there is the same machine, every machine has its one disk. */
function assertWhole(site: Site, before: Readonly<Record<string, string>>): void {
  assert.deepEqual(site.desk.names(), ALL);
  const after = uids(site);
  for (const [name, uid] of Object.entries(before)) assert.equal(after[name], uid, name);
  assert.deepEqual(
    [...site.desk.host.listDisks().values()].map((disks) => disks.length),
    ALL.map(() => 1),
  );
}

/** Terraform empties its state before it writes it: killed between the two, what a person has is the copy it made before. */
async function mendState(site: Site): Promise<void> {
  const file = path.join(site.dir, "terraform.tfstate");
  if ((await stat(file)).size === 0) await copyFile(`${file}.backup`, file);
}

/** Processes of the provider that this site's terraform left behind. */
function providersOf(group: number): readonly string[] {
  const rows = execFileSync("ps", ["-eo", "pgid=,pid=,args="], { encoding: "utf8" }).trim().split("\n");
  return rows.filter((row) => Number(row.trim().split(/\s+/)[0]) === group);
}

suite("an apply that is interrupted", () => {
  const signals = [
    { signal: "SIGINT", whom: "the whole group, as Ctrl-C does" },
    { signal: "SIGTERM", whom: "terraform alone" },
  ] as const;
  for (const { signal, whom } of signals) {
    test(`by ${signal} to ${whom} finishes what runs, and the next one does the rest`, async () => {
      await using site = await openSite({ by: "mirror" });
      const { child, ended } = await halfWay(site);
      process.kill(signal === "SIGINT" ? -child.pid! : child.pid!, signal);
      const outcome = await ended;
      assert.equal(outcome.code, 1, outcome.stdout);
      const before = uids(site);
      assert.ok(Object.keys(before).length < COUNT, "not everything was started");
      assert.deepEqual(
        Object.values(await site.values())
          .map(({ uid }) => String(uid))
          .toSorted(),
        Object.values(before).toSorted(),
        "the state knows every machine that exists",
      );
      assert.deepEqual(await site.tainted(), []);
      assert.deepEqual(providersOf(child.pid!), []);
      site.desk.host.setLatency({ define: 0 });
      await site.apply();
      assertWhole(site, before);
    });
  }

  test("by SIGKILL leaves no provider behind, and with adopt the next one takes up what the state lost", async () => {
    await using site = await openSite({ by: "mirror" });
    const { child, ended } = await halfWay(site);
    child.kill("SIGKILL");
    await ended;
    await until(() => providersOf(child.pid!).length === 0, "the provider to notice");
    await until(() => site.desk.host.listDomains().every(({ status }) => status === "running"), "the agent to finish what it began");
    const before = uids(site);
    site.desk.host.setLatency({ define: 0 });

    const lost = Object.keys(before).length > Object.keys(await site.values()).length;
    if (lost) {
      const refused = await site.refused("plan", "-lock=false");
      assert.match(said({ told: errors(refused) }), /import/, "what exists and is not in the state is not made a second time");
    }
    await site.write(FLEET.replace(/\n\}/, "\n  adopt = true\n}"));
    await site.ok("apply", "-auto-approve", "-json", "-lock=false");
    await site.settled();
    assertWhole(site, before);
  });

  test("by the death of the provider alone: terraform says so, and the next one takes up what is there", async () => {
    await using site = await openSite({ by: "mirror" });
    const { child, ended } = await halfWay(site);
    const provider = providersOf(child.pid!).find((row) => row.includes("start.cjs"));
    process.kill(Number(provider?.trim().split(/\s+/)[1]), "SIGKILL");
    const outcome = await ended;
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /plugin|provider/i);
    await until(() => site.desk.host.listDomains().every(({ status }) => status === "running"), "the agent to finish what it began");
    const before = uids(site);
    site.desk.host.setLatency({ define: 0 });
    await site.write(FLEET.replace(/\n\}/, "\n  adopt = true\n}"));
    // What the agent still makes between plan and apply is refused; the next plan takes it in.
    await site.run("apply", "-auto-approve", "-json");
    await site.apply();
    assertWhole(site, before);
  });

  test("of deletions, by SIGKILL: the next one finds the rest", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.write(FLEET);
    await site.apply();
    site.desk.host.setLatency({ undefine: 400 });
    await site.write("");
    const { child, ended } = site.start("apply", "-auto-approve", "-json", "-parallelism=2");
    await until(() => site.desk.names().length <= COUNT - 2, "the first machines to be gone");
    child.kill("SIGKILL");
    await ended;
    site.desk.host.setLatency({ undefine: 0 });
    await until(() => providersOf(child.pid!).length === 0, "the provider to notice");
    await mendState(site);
    await site.ok("apply", "-auto-approve", "-json", "-lock=false");
    await site.settled();
    assert.deepEqual(site.desk.names(), []);
    assert.equal(site.desk.host.listDisks().size, 0);
  });
});

suite("two at once", () => {
  test("of two stacks on one agent do not disturb each other", async () => {
    await using left = await openSite({ by: "mirror", stack: "left" });
    await using right = await openSite({ by: "mirror", stack: "right", on: left });
    const fleet = (name: string): string => vm("all", { count: 6, name: `"${name}-\${count.index}"` });
    await left.write(fleet("left"));
    await right.write(fleet("right"));
    left.desk.host.setLatency({ define: 50 });
    const outcomes = await Promise.all([left, right].map((site) => site.start("apply", "-auto-approve", "-json").ended));
    for (const outcome of outcomes) assert.equal(outcome.code, 0, outcome.stdout);
    await Promise.all([left.settled(), right.settled()]);
    assert.equal(left.desk.names().length, 12);
  });

  test("for one name: one makes it, the other is told, and there is one machine", async () => {
    await using left = await openSite({ by: "mirror", stack: "left" });
    await using right = await openSite({ by: "mirror", stack: "right", on: left });
    for (const site of [left, right]) await site.write(vm("web"));
    left.desk.host.setLatency({ define: 300 });
    const outcomes = await Promise.all([left, right].map((site) => site.start("apply", "-auto-approve", "-json").ended));
    assert.deepEqual(outcomes.map(({ code }) => String(code)).toSorted(), ["0", "1"]);
    const [winner, loser] = outcomes[0]?.code === 0 ? [left, right] : [right, left];
    assert.deepEqual(left.desk.names(), ["web"]);
    assert.equal(left.desk.host.listDisks().size, 1);
    await winner.settled();
    assert.deepEqual(await loser.values(), {});
    assert.match(said(await loser.refused("plan")), /terraform:/);
  });

  test("on one state: the second waits for the lock or is refused, as terraform has it", async () => {
    await using site = await openSite({ by: "mirror" });
    const { ended } = await halfWay(site);
    const second = await site.run("apply", "-auto-approve", "-json");
    assert.equal(second.code, 1);
    assert.match(said(second), /lock/i);
    assert.equal((await ended).code, 0);
    assertWhole(site, {});
  });
});
