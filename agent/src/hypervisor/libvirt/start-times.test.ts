import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { StartTimes } from "./start-times.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const NOW = new Date("2026-01-02T03:04:05Z");

/** A /proc with the machine of UID; `process` changes its process. */
function procFolder(t: TestContext): { readonly folder: string; readonly process: (pid: number, name: string, ticks: number) => void } {
  const folder = mkdtempSync(join(tmpdir(), "ghost-proc-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "stat"), "cpu 1 2 3\nbtime 1000\nprocesses 7\n");
  mkdirSync(join(folder, "self"));
  mkdirSync(join(folder, "1"));
  const process = (pid: number, name: string, ticks: number): void => {
    mkdirSync(join(folder, String(pid)), { recursive: true });
    const fields = Array.from({ length: 40 }, (_, index) => (index === 19 ? ticks : 0));
    writeFileSync(join(folder, String(pid), "stat"), `${pid} (${name}) S ${fields.slice(1).join(" ")}\n`);
    writeFileSync(join(folder, String(pid), "cmdline"), `/usr/bin/qemu\0-name\0guest=a\0-uuid\0${UID}\0-no-user-config\0`);
  };
  return { folder, process };
}

test("a machine's start is that of its process, whatever its name", async (t) => {
  const { folder, process } = procFolder(t);
  process(40, "qemu) S 9 (x", 250);
  const times = new StartTimes({ procFolder: folder, now: () => NOW });
  assert.deepEqual((await times.read([{ uid: UID, id: 1 }])).get(UID), new Date(1_002_500));
});

test("it is looked for once for every start", async (t) => {
  const { folder, process } = procFolder(t);
  process(40, "qemu-system-x86", 250);
  const times = new StartTimes({ procFolder: folder, now: () => NOW });
  const read = async (id: number): Promise<Date | undefined> => (await times.read([{ uid: UID, id }])).get(UID);
  await read(1);
  process(40, "qemu-system-x86", 500);
  assert.deepEqual(await read(1), new Date(1_002_500));
  assert.deepEqual(await read(2), new Date(1_005_000));
  process(40, "qemu-system-x86", 700);
  times.forget(UID);
  assert.deepEqual(await read(2), new Date(1_007_000));
});

test("a process of the same machine that is still ending is not the one", async (t) => {
  const { folder, process } = procFolder(t);
  process(998, "qemu-system-x86", 250);
  for (let pid = 999; pid < 1020; pid += 1) process(pid, "python3", 1);
  process(1020, "qemu-system-x86", 900);
  const times = new StartTimes({ procFolder: folder, now: () => NOW });
  assert.deepEqual((await times.read([{ uid: UID, id: 1 }])).get(UID), new Date(1_009_000));
});

test("a process that cannot be seen, and none at all: from when it was heard of", async (t) => {
  const { folder, process } = procFolder(t);
  process(40, "python3", 250);
  for (const place of [folder, join(folder, "nowhere")]) {
    const times = new StartTimes({ procFolder: place, now: () => NOW });
    assert.deepEqual((await times.read([{ uid: UID, id: 1 }])).get(UID), NOW);
  }
});
