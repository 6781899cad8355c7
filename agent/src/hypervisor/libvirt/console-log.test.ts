import assert from "node:assert/strict";
import { appendFileSync, closeSync, openSync, renameSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { ConsoleLogs } from "./console-log.ts";
import type { LogBounds } from "./console-log.ts";

interface Opened {
  readonly logs: ConsoleLogs;
  readonly path: string;
  readonly text: (tailBytes?: number) => Promise<string>;
  /** Reads on until the text ends so. */
  readonly follow: () => { until: (end: string) => Promise<string>; ended: () => Promise<boolean>; leave: () => void };
}

async function opened(t: TestContext, bounds?: LogBounds): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "ghost-console-"));
  const logs = new ConsoleLogs(folder, bounds);
  t.after(async () => {
    logs[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });
  return {
    logs,
    path: join(folder, "vm.log"),
    text: async (tailBytes) =>
      Buffer.concat(await Array.fromAsync(logs.read("vm", tailBytes === undefined ? {} : { tailBytes }))).toString(),
    follow: () => {
      const leaving = new AbortController();
      const pieces = logs.read("vm", { follow: true, signal: leaving.signal });
      return {
        until: async (end) => {
          let all = "";
          while (!all.endsWith(end)) {
            const next = await pieces.next();
            if (next.done === true) throw new Error(`ended after ${all}`);
            all += Buffer.from(next.value).toString();
          }
          return all;
        },
        ended: async () => (await pieces.next()).done === true,
        leave: () => leaving.abort(),
      };
    },
  };
}

suite("what a machine wrote", () => {
  test("is nothing before it started", async (t) => {
    const { text } = await opened(t);
    assert.equal(await text(), "");
    assert.equal(await text(5), "");
  });

  test("is given whole, or the end of it", async (t) => {
    const { path, text } = await opened(t);
    writeFileSync(path, `${"x".repeat(200_000)}end`);
    assert.equal((await text()).length, 200_003);
    assert.equal(await text(4), "xend");
    assert.equal((await text(1e9)).length, 200_003);
  });

  test("goes over the file that virtlogd keeps of before", async (t) => {
    const { path, text } = await opened(t);
    writeFileSync(`${path}.0`, "before ");
    writeFileSync(path, "after");
    assert.equal(await text(), "before after");
    assert.equal(await text(7), "e after");
    assert.equal(await text(3), "ter");
  });
});

suite("who follows", () => {
  test("waits for a machine that has not started", async (t) => {
    const { path, follow } = await opened(t);
    const followed = follow();
    const read = followed.until("up\n");
    writeFileSync(path, "up\n");
    assert.equal(await read, "up\n");
  });

  test("reads on, and stops when they like", async (t) => {
    const { path, follow } = await opened(t);
    writeFileSync(path, "one\n");
    const followed = follow();
    assert.equal(await followed.until("one\n"), "one\n");
    appendFileSync(path, "two\n");
    assert.equal(await followed.until("two\n"), "two\n");
    const ended = followed.ended();
    followed.leave();
    assert.equal(await ended, true);
  });

  test("goes over to the next file", async (t) => {
    const { path, follow } = await opened(t);
    writeFileSync(path, "one\n");
    const followed = follow();
    await followed.until("one\n");
    appendFileSync(path, "last\n");
    renameSync(path, `${path}.0`);
    writeFileSync(path, "first\n");
    assert.equal(await followed.until("first\n"), "last\nfirst\n");
  });

  test("reads from the front what comes after somebody emptied it", async (t) => {
    const { path, follow } = await opened(t);
    writeFileSync(path, "one two three\n");
    const followed = follow();
    await followed.until("three\n");
    truncateSync(path, 0);
    appendFileSync(path, "new\n");
    assert.equal(await followed.until("new\n"), "new\n");
  });

  test("ends when the file is removed", async (t) => {
    const { path, follow } = await opened(t);
    writeFileSync(path, "one\n");
    const followed = follow();
    await followed.until("one\n");
    rmSync(path);
    assert.equal(await followed.ended(), true);
  });
});

suite("a log that is too large", () => {
  const bounds = { mostBytes: 50_000, keptBytes: 1_000 };

  test("keeps its last part while it is written to and followed", async (t) => {
    const { logs, path, text, follow } = await opened(t, bounds);
    const writer = openSync(path, "a");
    t.after(() => closeSync(writer));
    const lines = (count: number, word: string): string => Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join("");
    writeSync(writer, lines(10_000, "a"));
    const followed = follow();
    await followed.until("a 9999\n");
    writeSync(writer, "unread\n");
    logs.trim();
    assert.equal(statSync(path).size, 1_000);
    writeSync(writer, "after\n");
    assert.equal(await followed.until("after\n"), "unread\nafter\n");
    assert.ok((await text()).endsWith("a 9999\nunread\nafter\n"));
    // Twice: the places that readers have are moved by both.
    writeSync(writer, lines(12_000, "b"));
    logs.trim();
    const rest = await followed.until("b 11999\n");
    assert.equal(rest.length, 1_000);
  });

  test("is left alone below the bound", async (t) => {
    const { logs, path } = await opened(t, bounds);
    writeFileSync(path, "x".repeat(50_000));
    logs.trim();
    assert.equal(statSync(path).size, 50_000);
  });
});
