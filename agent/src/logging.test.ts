import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { problem } from "@ghost/schemas";
import type { LogConfig } from "./config/agent-config.ts";
import { LogFile } from "./log-file.ts";
import { openLog } from "./logging.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ghost-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What is written to stdout. */
function capture(config: Partial<LogConfig>): { lines: string[]; log: ReturnType<typeof openLog> } {
  const lines: string[] = [];
  return { lines, log: openLog({ level: "info", stdout: true, format: "json", ...config }, { write: (line) => void lines.push(line) }) };
}

suite("openLog", () => {
  test("one JSON object a line, from the level on", () => {
    const { lines, log } = capture({ level: "warn" });
    log.logger.info("unseen");
    log.logger.warn({ vm: "web" }, "seen");
    const [{ time, ...line }] = lines.map((text) => JSON.parse(text)) as [Record<string, unknown>];
    assert.deepEqual(line, { level: "warn", vm: "web", msg: "seen" });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test("text for people, without what a terminal would obey", () => {
    const { lines, log } = capture({ format: "text" });
    log.logger.info({ vm: "web-1", count: 2, why: "a b\u001b[31m", err: problem("HOST_ERROR", "Broken.") }, "started\u001b[2J");
    assert.match(lines[0] ?? "", /^\S+Z INFO {2}started.\[2J vm=web-1 count=2 why="a b\\u001b\[31m" error="\[HOST_ERROR\] Broken\."\n$/);
    assert.doesNotMatch(lines[0] ?? "", /\u001b/);
  });

  test("secrets are hidden wherever they are", () => {
    for (const format of ["json", "text"] as const) {
      const { lines, log } = capture({ format });
      const step = { vm: { cloud_init: { password: "hunter2", user_data: "hunter2" } }, secrets: { a: "hunter2" } };
      log.logger.info({ step, list: [step], password: "hunter2" }, "step");
      log.logger
        .child({ vm: "web" })
        .child({ secrets: { a: "hunter2" } })
        .info("child");
      assert.doesNotMatch(lines.join(""), /hunter2/);
      assert.match(lines[0] ?? "", /hidden/);
      assert.match(lines[1] ?? "", /web.*hidden/);
    }
  });

  test("an object that holds itself is no endless log", () => {
    const { lines, log } = capture({});
    const loop: Record<string, unknown> = {};
    loop["own"] = loop;
    log.logger.info({ loop }, "loop");
    assert.equal(lines.length, 1);
  });

  test("to both, or to the file alone", (t) => {
    const path = join(temporaryFolder(t), "deep", "agent.log");
    const { lines, log } = capture({ file: { path, maxBytes: 1000, maxAgeDays: 1 } });
    log.logger.info("one");
    log[Symbol.dispose]();
    assert.equal(readFileSync(path, "utf8"), lines.join(""));

    using alone = openLog(
      { level: "info", stdout: false, format: "json", file: { path, maxBytes: 1000, maxAgeDays: 1 } },
      { write: () => assert.fail("stdout") },
    );
    alone.logger.info("two");
    assert.match(readFileSync(path, "utf8"), /one.*\n.*two/);
  });

  test("a file that cannot be written is refused", (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "file"), "");
    assert.throws(
      () => capture({ file: { path: join(folder, "file", "agent.log"), maxBytes: 1, maxAgeDays: 1 } }),
      /AGENT_START.*logging|AGENT_START.*cannot be written/,
    );
  });
});

suite("LogFile", () => {
  test("is renamed at its size, and no line is split or lost", (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "agent.log");
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index} ${"x".repeat(20)}\n`);
    using file = new LogFile({ path, maxBytes: 100, maxAgeDays: 7 });
    for (const line of lines) file.write(line);
    const files = readdirSync(folder);
    assert.ok(files.length > 4, files.join(" "));
    const texts = files.map((name) => readFileSync(join(folder, name), "utf8"));
    for (const text of texts) assert.ok(text.length <= 100 && text.endsWith("\n"));
    assert.deepEqual(texts.join("").split("\n").toSorted(), lines.join("").split("\n").toSorted());
  });

  test("goes on with the file that is there", (t) => {
    const path = join(temporaryFolder(t), "agent.log");
    writeFileSync(path, "x".repeat(90));
    using file = new LogFile({ path, maxBytes: 100, maxAgeDays: 7 });
    file.write("more than ten\n");
    assert.equal(readFileSync(path, "utf8"), "more than ten\n");
  });

  test("old files go, others stay", (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "agent.log");
    const dayMs = 24 * 60 * 60 * 1000;
    const old = "agent-2020-01-01T00-00-00.000Z.log";
    const young = "agent-2020-01-02T00-00-00.000Z.log";
    const other = "agent-notes.log";
    let now = Date.now();
    for (const name of [old, young, other]) writeFileSync(join(folder, name), "");
    const age = (name: string, days: number): void =>
      utimesSync(join(folder, name), new Date(now - days * dayMs), new Date(now - days * dayMs));
    age(old, 8);
    age(young, 6);
    age(other, 100);
    using file = new LogFile({ path, maxBytes: 1000, maxAgeDays: 7, now: () => now });
    assert.deepEqual(readdirSync(folder).toSorted(), [young, other, "agent.log"].toSorted());
    now += 2 * dayMs;
    file.write("the next day\n");
    assert.deepEqual(readdirSync(folder).toSorted(), [other, "agent.log"].toSorted());
  });
});
