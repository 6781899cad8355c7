import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { GhostError } from "@ghost/schemas";
import { answers, ensureEmbedded } from "./embedded.ts";

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const made = await mkdtemp(path.join(tmpdir(), "ghost-embedded-"));
  return { path: made, [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true, maxRetries: 5 }) };
}

async function stop(dir: string): Promise<void> {
  const pid = Number(await readFile(path.join(dir, "agent.pid"), "utf8"));
  process.kill(pid, "SIGTERM");
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await pause(20);
  }
}

suite("an embedded agent", () => {
  test("is started once, however many ask for it at the same time, and lives on", async () => {
    await using temp = await folder();
    const dir = path.join(temp.path, "desk");
    let slow = 0;
    const first = ensureEmbedded(dir, { slowMs: 0, onSlow: () => slow++ });
    const sockets = await Promise.all([first, ensureEmbedded(dir), ensureEmbedded(dir)]);
    assert.equal(slow, 1, "a start that takes its time is told once");
    assert.equal(new Set(sockets).size, 1);
    const pid = await readFile(path.join(dir, "agent.pid"), "utf8");
    assert.equal(await ensureEmbedded(dir), sockets[0]);
    assert.equal(await readFile(path.join(dir, "agent.pid"), "utf8"), pid);
    await stop(dir);
    assert.equal(await answers(sockets[0] ?? ""), false);
  });

  test("answers in a folder whose path is too long for a socket", async () => {
    await using temp = await folder();
    const dir = path.join(temp.path, "a".repeat(100), "desk");
    assert.equal(await answers(await ensureEmbedded(dir)), true);
    await stop(dir);
  });

  const deaths: readonly (readonly [name: string, script: string, want: RegExp])[] = [
    [
      "one that dies says its last words",
      "console.error('first'); console.error('the disk is on fire'); process.exit(3)",
      /ended with exit code 3\.\nIt said:\nfirst\nthe disk is on fire/,
    ],
    ["one that is killed says so", "process.kill(process.pid, 'SIGKILL')", /SIGKILL ended it/],
    ["one that never answers is given up", "setTimeout(() => {}, 60_000)", /does not answer after 0\.3 s/],
  ];
  for (const [name, script, want] of deaths) {
    test(name, async () => {
      await using temp = await folder();
      const entry = path.join(temp.path, "entry.mjs");
      await writeFile(
        entry,
        `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(path.join(temp.path, "pid"))}, String(process.pid)); ${script}`,
      );
      await assert.rejects(
        ensureEmbedded(path.join(temp.path, "desk"), { entry, deadlineMs: name.includes("never") ? 300 : 20_000 }),
        (error) => error instanceof GhostError && error.diagnostics[0].code === "AGENT_START" && want.test(error.diagnostics[0].detail),
      );
      const pid = await readFile(path.join(temp.path, "pid"), "utf8").catch(() => "");
      if (name.includes("never") && pid !== "") process.kill(Number(pid), "SIGKILL");
    });
  }

  test("a folder that cannot be written is told before anything is started", async () => {
    await assert.rejects(ensureEmbedded("/dev/null/desk"), /AGENT_START.*cannot be written/);
  });
});
