import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { DiagnosticCode } from "@ghost/schemas";
import { MIGRATIONS } from "./migrations.ts";
import { openDatabase } from "./open-database.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";
import { operationRecord, templateRecord, vmRecord } from "./testdata/samples.ts";

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-store-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function refusal(code: DiagnosticCode, detail: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.equal(error.diagnostics[0].code, code, error.message);
    assert.match(error.diagnostics[0].detail, detail);
    assert.ok(error.diagnostics[0].hint !== undefined);
    return true;
  };
}

suite("the store", () => {
  test("gives back what was written, after being opened again", async (t) => {
    const dir = await tempDir(t);
    const vm = vmRecord("web", {
      guestChangedAt: new Date(3000),
      looseDisks: ["d9"],
      underway: { changes: ["vcpu"], drops: ["d9"] },
      isAwaited: true,
    });
    const operation = operationRecord("op-1", {
      state: "failed",
      endedAt: new Date(),
      diagnostics: [{ code: "HOST_ERROR", severity: "error", detail: "no" }],
    });
    const template = templateRecord("base");
    const set = { stack: "shop", serial: 1, members: [], agents: [] };
    let agentId;
    {
      await using store = openStore({ dir });
      agentId = store.agentId;
      await store.write({ vm, operation, template });
      await store.write({ template: templateRecord("gone") });
      await store.write({ dropTemplate: "uid-gone" });
      await store.writeSet(set, { serial: 0, digest: "" });
      await store.writeSettings({ labels: { room: "office" }, reserved_vcpu: 2 });
    }
    await using store = openStore({ dir });
    assert.equal(store.agentId, agentId);
    assert.deepEqual([...store.vms.values()], [vm]);
    assert.deepEqual(store.findVmByName("web"), vm);
    assert.deepEqual([...store.templates.values()], [template]);
    assert.deepEqual(store.findTemplateByName("base"), template);
    assert.equal(store.findTemplateByName("gone"), undefined);
    assert.deepEqual(store.findOperation("op-1"), operation);
    assert.deepEqual(store.findSet("shop"), set);
    assert.deepEqual(store.settings, { labels: { room: "office" }, reserved_vcpu: 2 });
  });

  test("finds a VM under its present name only", async () => {
    await using store = openStore();
    await store.write({ vm: vmRecord("web") });
    await store.write({ vm: { ...vmRecord("web"), name: "shop" } });
    assert.equal(store.findVmByName("web"), undefined);
    assert.equal(store.findVmByName("shop")?.uid, "uid-web");
    await store.write({ dropVm: "uid-web" });
    assert.equal(store.findVmByName("shop"), undefined);
  });

  test("shows nothing before it is on the disk", async (t) => {
    await using store = openStore({ dir: await tempDir(t) });
    const written = store.write({ vm: vmRecord("web") });
    assert.equal(store.vms.size, 0);
    await written;
    assert.equal(store.vms.size, 1);
  });

  test("one write that fails takes none of its neighbours along", async () => {
    await using store = openStore();
    const results = await Promise.allSettled([
      store.write({ vm: vmRecord("a") }),
      store.write({ vm: { ...vmRecord("a"), uid: "other" } }),
      store.write({ vm: vmRecord("b") }),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual([...store.vms.keys()], ["uid-a", "uid-b"]);
  });

  test("puts on the disk what was asked for before its end, and refuses the rest", async (t) => {
    const dir = await tempDir(t);
    const store = openStore({ dir });
    const asked = Array.from({ length: 50 }, (_, index) => store.write({ vm: vmRecord(`vm-${index}`) }));
    const closed = store[Symbol.asyncDispose]();
    // In the middle of the end, when the first group is on the disk.
    const late = asked[0]!
      .then(() => store.write({ vm: vmRecord("late") }))
      .then(
        () => "written",
        (reason: unknown) => String(reason),
      );
    await Promise.all([...asked, closed]);
    const outcome = await late;
    await using again = openStore({ dir });
    assert.equal(again.findVmByName("late") !== undefined, outcome === "written");
    assert.equal(again.vms.size, outcome === "written" ? 51 : 50);
    await assert.rejects(store.write({ vm: vmRecord("too-late") }), refusal("AGENT_STOPPING", /has stopped/));
  });

  test("a set record is replaced only by who knows it, and never goes back", async () => {
    await using store = openStore();
    const set = { stack: "shop", serial: 3, members: [], agents: [], digest: "sha256:a" };
    const none = { serial: 0, digest: "" };
    await assert.rejects(store.writeSet(set, { serial: 2, digest: "" }), refusal("SET_CONFLICT", /serial 0/));
    await store.writeSet(set, none);
    for (const expected of [none, { serial: 3, digest: "sha256:b" }, { serial: 2, digest: "sha256:a" }])
      await assert.rejects(store.writeSet({ ...set, serial: 9 }, expected), refusal("SET_CONFLICT", /serial 3/));
    await assert.rejects(store.writeSet(set, set), refusal("SET_CONFLICT", /not higher/));
    await store.writeSet({ ...set, serial: 4 }, set);
    assert.equal(store.findSet("shop")?.serial, 4);
  });

  test("of two writers of a set record at once one comes first", async () => {
    await using store = openStore();
    const set = { stack: "shop", serial: 1, members: [], agents: [] };
    const results = await Promise.allSettled(["a", "b"].map((digest) => store.writeSet({ ...set, digest }, { serial: 0, digest: "" })));
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    assert.equal(store.findSet("shop")?.digest, "a");
  });

  test("forgets the oldest ended operations and no active one", async () => {
    await using store = openStore();
    const writes: Promise<void>[] = [store.write({ operation: operationRecord("active") })];
    for (let i = 0; i < 10_999; i++)
      writes.push(store.write({ operation: operationRecord(`op-${i}`, { state: "succeeded", endedAt: new Date() }) }));
    await Promise.all(writes);
    assert.equal(store.listOperations(20_000).length, 10_001);
    assert.equal(store.findOperation("op-0"), undefined);
    assert.equal(store.listOperations(1)[0]?.id, "op-10998");
    assert.deepEqual(
      store.activeOperations().map((operation) => operation.id),
      ["active"],
    );
  });
});

test("operations are forgotten after the days that were configured", async (t) => {
  const dir = await tempDir(t);
  {
    await using store = openStore({ dir });
    await store.write({ operation: operationRecord("old", { state: "failed", endedAt: new Date(Date.now() - 3 * 86_400_000) }) });
    await store.write({ operation: operationRecord("new", { state: "failed", endedAt: new Date() }) });
  }
  await using store = openStore({ dir, keepDays: 2 });
  assert.deepEqual(
    store.listOperations(10).map((operation) => operation.id),
    ["new"],
  );
});

suite("the data folder", () => {
  test("belongs to one agent at a time", async (t) => {
    const dir = await tempDir(t);
    {
      await using first = openStore({ dir });
      assert.throws(() => openStore({ dir }), refusal("AGENT_START", new RegExp(`process ${process.pid}`)));
      assert.ok(first.agentId);
    }
    await using again = openStore({ dir });
    assert.ok(again.agentId);
  });

  test("is for its owner's eyes", async (t) => {
    const dir = join(await tempDir(t), "data");
    await using store = openStore({ dir });
    assert.ok(store.agentId);
    assert.equal((await stat(dir)).mode & 0o077, 0);
  });
});

suite("files of a folder that others pass through", () => {
  async function openFiles(dir: string): Promise<readonly string[]> {
    const modes = await Promise.all((await readdir(dir)).map(async (name) => [name, (await stat(join(dir, name))).mode & 0o077] as const));
    return modes.filter(([, mode]) => mode !== 0).map(([name]) => name);
  }
  test("are the owner's alone, logs and copies too", async (t) => {
    const dir = await tempDir(t);
    openDatabase(join(dir, "agent.db"), MIGRATIONS.slice(0, 2)).close();
    await using store = openStore({ dir });
    await store.write({ vm: vmRecord("web") });
    assert.ok((await readdir(dir)).length > 4);
    assert.deepEqual(await openFiles(dir), []);
  });
  test("become so when an earlier release left them open", async (t) => {
    const dir = await tempDir(t);
    {
      await using _ = openStore({ dir });
    }
    for (const name of await readdir(dir)) await chmod(join(dir, name), 0o644);
    await using store = openStore({ dir });
    await store.write({ vm: vmRecord("web") });
    assert.deepEqual(await openFiles(dir), []);
  });
});

suite("the host of the records", () => {
  test("is nobody's at first, and then the one that was written", async (t) => {
    const dir = await tempDir(t);
    const host = { kind: "libvirt" as const, uri: "qemu:///system", diskDir: "/srv/disks" };
    {
      await using store = openStore({ dir });
      assert.equal(store.host, undefined);
      await store.writeHost(host);
      assert.deepEqual(store.host, host);
    }
    await using store = openStore({ dir });
    assert.deepEqual(store.host, host);
  });
  test("is the simulated one where an earlier release kept them", async (t) => {
    const dir = await tempDir(t);
    const old = openDatabase(join(dir, "agent.db"), MIGRATIONS.slice(0, 3));
    old.exec("INSERT INTO meta (key, value) VALUES ('agent_id', 'a')");
    old.close();
    await using store = openStore({ dir });
    assert.deepEqual(store.host, { kind: "simulated" });
  });
});

suite("the database's version", () => {
  const two = ["CREATE TABLE one (a)", "CREATE TABLE two (b); INSERT INTO two SELECT a FROM one"];

  test("an older one is copied, then brought up", async (t) => {
    const path = join(await tempDir(t), "agent.db");
    const old = openDatabase(path, two.slice(0, 1));
    old.exec("INSERT INTO one VALUES (7)");
    old.close();
    const upgraded = openDatabase(path, two);
    assert.equal(upgraded.prepare("SELECT b FROM two").get()?.["b"], 7);
    upgraded.close();
    const copy = new DatabaseSync(`${path}.v1.bak`, { readOnly: true });
    assert.equal(copy.prepare("SELECT a FROM one").get()?.["a"], 7);
    assert.throws(() => copy.prepare("SELECT b FROM two"));
    copy.close();
    openDatabase(path, two).close();
    assert.ok(!existsSync(`${path}.v2.bak`));
  });

  test("an agent's from before it kept templates keeps everything else", async (t) => {
    const dir = await tempDir(t);
    const path = join(dir, "agent.db");
    const old = openDatabase(path, MIGRATIONS.slice(0, 2));
    old.exec("INSERT INTO meta (key, value) VALUES ('agent_id', 'a1')");
    old.close();
    await using store = openStore({ dir });
    assert.deepEqual([store.agentId, store.templates.size], ["a1", 0]);
    assert.ok(existsSync(`${path}.v2.bak`));
  });

  test("an agent's from before it kept who is waited for waits for nobody", async (t) => {
    const dir = await tempDir(t);
    const old = openDatabase(join(dir, "agent.db"), MIGRATIONS.slice(0, 4));
    old.exec(
      `INSERT INTO vms VALUES ('uid-web', 'web', 'spec:shop', 1000, '{"name":"web","wait_for":"ip"}', '{}', '{}', '', '{}', '[]', '', '', '', 'ready', 1000, NULL, NULL, NULL)`,
    );
    old.close();
    await using store = openStore({ dir });
    assert.deepEqual([store.findVmByName("web")?.config.wait_for, store.findVmByName("web")?.isAwaited], ["ip", false]);
  });

  test("a migration that fails leaves the old one in place", async (t) => {
    const path = join(await tempDir(t), "agent.db");
    openDatabase(path, two.slice(0, 1)).close();
    assert.throws(
      () => openDatabase(path, [two[0]!, "CREATE TABLE two (b); CREATE TABLE one (a)"]),
      refusal("AGENT_DATABASE", /already exists/),
    );
    const old = openDatabase(path, two.slice(0, 1));
    assert.throws(() => old.prepare("SELECT b FROM two"));
    old.close();
  });

  const refused: { name: string; make: (path: string) => void; detail: RegExp }[] = [
    {
      name: "a newer one is refused",
      make: (path) => openDatabase(path, [...two, "CREATE TABLE three (c)"]).close(),
      detail: /version 3.*up to 2/,
    },
    {
      name: "somebody else's database is refused",
      make: (path) => {
        const other = new DatabaseSync(path);
        other.exec("CREATE TABLE x (y)");
        other.close();
      },
      detail: /not one of a Ghost agent/,
    },
  ];
  for (const { name, make, detail } of refused) {
    test(name, async (t) => {
      const path = join(await tempDir(t), "agent.db");
      make(path);
      assert.throws(() => openDatabase(path, two), refusal("AGENT_DATABASE", detail));
    });
  }

  test("a file that is no database is refused", async (t) => {
    const path = join(await tempDir(t), "agent.db");
    const { writeFile } = await import("node:fs/promises");
    await writeFile(path, "x".repeat(5000));
    assert.throws(() => openDatabase(path, two), refusal("AGENT_DATABASE", /not a database/));
  });
});

suite("a killed agent", () => {
  test("has on record whatever it was told is on record, and frees its folder", async (t) => {
    const dir = await tempDir(t);
    const script = `
      import { openStore } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
      import { operationRecord } from ${JSON.stringify(new URL("./testdata/samples.ts", import.meta.url).href)};
      const store = openStore({ dir: ${JSON.stringify(dir)} });
      for (let i = 0; ; i++) {
        await store.write({ operation: operationRecord("op-" + i) });
        process.stdout.write("op-" + i + "\\n");
      }`;
    const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      if (said.length === 100) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await using store: Store = openStore({ dir });
    for (const id of said) assert.equal(store.findOperation(id)?.state, "running", id);
  });
});
