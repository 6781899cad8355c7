import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { suite, test } from "node:test";
import { terminalFacts } from "./facts.ts";
import type { Surroundings, TerminalFacts } from "./facts.ts";
import { watchInterrupts } from "./interrupts.ts";

const AT_TERMINAL: Surroundings = {
  stdinIsTTY: true,
  stdoutIsTTY: true,
  stderrIsTTY: true,
  env: { TERM: "xterm-256color" },
  noTty: false,
  noColor: false,
  json: false,
};

suite("terminalFacts", () => {
  const cases: readonly (readonly [name: string, given: Partial<Surroundings>, want: Partial<TerminalFacts>])[] = [
    ["a terminal shows all and can be asked", {}, { colorOut: true, colorErr: true, live: true, canAsk: true, stdoutIsTerminal: true }],
    [
      "a pipe gets plain text, the terminal beside it stays live",
      { stdoutIsTTY: false },
      { colorOut: false, colorErr: true, live: true, canAsk: true },
    ],
    ["without stdin nobody can be asked", { stdinIsTTY: false }, { live: true, canAsk: false }],
    ["CI asks nobody", { env: { CI: "true" } }, { colorOut: false, live: false, canAsk: false, stdoutIsTerminal: false }],
    ["CI=false is no CI", { env: { CI: "false" } }, { live: true, canAsk: true }],
    ["NO_COLOR is plain, and asks", { env: { NO_COLOR: "1" } }, { colorOut: false, live: false, canAsk: true, stdoutIsTerminal: true }],
    ["an empty NO_COLOR is none", { env: { NO_COLOR: "" } }, { colorOut: true }],
    ["a dumb terminal is plain, and asks", { env: { TERM: "dumb" } }, { colorOut: false, live: false, canAsk: true }],
    ["--no-tty is as without a terminal", { noTty: true }, { colorOut: false, live: false, canAsk: false, stdoutIsTerminal: false }],
    ["--no-color is plain, and asks", { noColor: true }, { colorOut: false, live: false, canAsk: true }],
    ["--json is not live", { json: true }, { live: false, canAsk: true }],
    [
      "FORCE_COLOR colours a pipe",
      { stdoutIsTTY: false, stderrIsTTY: false, env: { FORCE_COLOR: "1", CI: "1" } },
      { colorOut: true, colorErr: true, live: false },
    ],
  ];
  for (const [name, given, want] of cases) {
    test(name, () => {
      const facts = terminalFacts({ ...AT_TERMINAL, ...given });
      assert.deepEqual(Object.fromEntries(Object.keys(want).map((key) => [key, facts[key as keyof TerminalFacts]])), want);
    });
  }
});

suite("watchInterrupts", () => {
  test("the first Ctrl-C stops, the second detaches", () => {
    const target = new EventEmitter();
    let nowMs = 0;
    const { stop, detach } = watchInterrupts(target, () => nowMs);
    target.emit("SIGINT");
    assert.deepEqual([stop.aborted, detach.aborted], [true, false]);
    nowMs = 150;
    target.emit("SIGINT");
    assert.deepEqual([stop.aborted, detach.aborted], [true, true]);
  });

  test("one press that arrives twice is one press", () => {
    const target = new EventEmitter();
    let nowMs = 0;
    const { detach } = watchInterrupts(target, () => nowMs);
    target.emit("SIGINT");
    nowMs = 5;
    target.emit("SIGINT");
    assert.equal(detach.aborted, false);
  });

  test("a terminal that goes away detaches", () => {
    const target = new EventEmitter();
    const { detach } = watchInterrupts(target);
    target.emit("SIGHUP");
    assert.equal(detach.aborted, true);
  });
});
