import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { GraphInput, SkipReason, Task } from "./graph.ts";
import { runGraph } from "./graph.ts";

interface Ran {
  readonly log: string[];
  readonly skipped: Record<string, SkipReason>;
  readonly most: number;
  readonly mostInLane: number;
}

/** Runs tasks whose ends come in an order given by `order`, numbers taken as a source of chance. */
async function run(
  tasks: readonly Task[],
  more: { readonly fails?: ReadonlySet<string>; readonly order?: readonly number[]; readonly stopAfter?: number } & Partial<
    GraphInput<Task>
  > = {},
): Promise<Ran> {
  const { fails = new Set(), order = [], stopAfter, ...limits } = more;
  const log: string[] = [];
  const skipped: Record<string, SkipReason> = {};
  const open: { readonly task: Task; readonly end: (ok: boolean) => void }[] = [];
  const stop = new AbortController();
  let [most, mostInLane, ended] = [0, 0, 0];
  let endOne = (): void => undefined;
  const graph = runGraph({
    tasks,
    parallel: 100,
    parallelPerLane: 100,
    signal: stop.signal,
    ...limits,
    run: (task) => {
      log.push(`start ${task.id}`);
      return new Promise<boolean>((resolve) => {
        open.push({ task, end: resolve });
        most = Math.max(most, open.length);
        mostInLane = Math.max(mostInLane, open.filter((one) => one.task.lane === task.lane).length);
        setImmediate(() => endOne());
      });
    },
    onSkip: (task, reason) => {
      log.push(`skip ${task.id}`);
      skipped[task.id] = reason;
    },
  });
  endOne = () => {
    const [one] = open.splice((order[ended % Math.max(1, order.length)] ?? 0) % Math.max(1, open.length), 1);
    if (one === undefined) return;
    ended++;
    log.push(`end ${one.task.id}`);
    if (ended === stopAfter) stop.abort();
    one.end(!fails.has(one.task.id));
  };
  await graph;
  return { log, skipped, most, mostInLane };
}

const task = (id: string, dependsOn: readonly string[] = [], more: Partial<Task> = {}): Task => ({
  id,
  lane: "desk",
  dependsOn,
  last: false,
  ...more,
});
const started = ({ log }: Ran): string[] => log.filter((line) => line.startsWith("start")).map((line) => line.slice(6));

suite("runGraph", () => {
  test("nothing to do is done at once", async () => assert.deepEqual((await run([])).log, []));

  test("a task waits for all it depends on", async () => {
    const { log } = await run([task("c", ["a", "b"]), task("a"), task("b")]);
    assert.ok(log.indexOf("start c") > log.indexOf("end a") && log.indexOf("start c") > log.indexOf("end b"));
  });

  test("what depends on a failed task is skipped, however far away", async () => {
    const ran = await run([task("a"), task("b", ["a"]), task("c", ["b"]), task("d")], { fails: new Set(["a"]) });
    assert.deepEqual(ran.skipped, { b: { kind: "dependency", failed: "a" }, c: { kind: "dependency", failed: "b" } });
    assert.deepEqual(started(ran), ["a", "d"]);
  });

  test("the last ones wait for the rest, and are not done after a failure", async () => {
    const tasks = [task("x", [], { last: true }), task("y", ["x"]), task("a"), task("b", ["a"])];
    assert.deepEqual(started(await run(tasks)), ["a", "b", "x", "y"]);
    assert.deepEqual((await run(tasks, { fails: new Set(["b"]) })).skipped, {
      x: { kind: "failure", failed: "b" },
      y: { kind: "dependency", failed: "x" },
    });
  });

  test("a failed last one stops the last ones that have not begun", async () => {
    const ran = await run([task("x", [], { last: true }), task("y", [], { last: true })], { fails: new Set(["x"]), parallel: 1 });
    assert.deepEqual(ran.skipped, { y: { kind: "failure", failed: "x" } });
  });

  test("a stop lets the running ones end", async () => {
    const ran = await run([task("a"), task("b"), task("c"), task("d", ["a"])], { parallel: 2, stopAfter: 1 });
    assert.deepEqual(started(ran), ["a", "b"]);
    assert.deepEqual(Object.values(ran.skipped), [{ kind: "stopped" }, { kind: "stopped" }]);
    assert.ok(ran.log.includes("end b"));
  });

  test("lanes take turns", async () => {
    const ran = await run([task("a1"), task("a2"), task("a3"), task("b1", [], { lane: "loft" })], { parallel: 2 });
    assert.deepEqual(started(ran).slice(0, 2), ["a1", "b1"]);
  });

  test("for every graph, order of ends and failures: limits hold, dependencies come first, each task ends once", async () => {
    const graphs = fc.integer({ min: 1, max: 25 }).chain((count) =>
      fc.record({
        tasks: fc.tuple(
          ...Array.from({ length: count }, (_, index) =>
            fc.record({
              dependsOn:
                index === 0
                  ? fc.constant<string[]>([])
                  : fc.uniqueArray(
                      fc.nat(index - 1).map((other) => `t${other}`),
                      { maxLength: 3 },
                    ),
              lane: fc.constantFrom("desk", "loft", "rack"),
              last: fc.boolean(),
            }),
          ),
        ),
        order: fc.array(fc.nat(), { maxLength: 25 }),
        fails: fc.uniqueArray(
          fc.nat(count - 1).map((index) => `t${index}`),
          { maxLength: 2 },
        ),
        parallel: fc.integer({ min: 1, max: 6 }),
        parallelPerLane: fc.integer({ min: 1, max: 3 }),
        stopAfter: fc.option(fc.integer({ min: 1, max: 25 }), { nil: undefined }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(graphs, async ({ tasks: shapes, fails, stopAfter, ...more }) => {
        const tasks = shapes.map((shape, index): Task => ({ id: `t${index}`, ...shape }));
        const ran = await run(tasks, { ...more, fails: new Set(fails), ...(stopAfter !== undefined && { stopAfter }) });
        assert.ok(ran.most <= more.parallel && ran.mostInLane <= more.parallelPerLane);
        const begun = started(ran);
        assert.deepEqual([...begun, ...Object.keys(ran.skipped)].sort(), tasks.map(({ id }) => id).sort());
        const at = new Map(ran.log.map((line, index) => [line, index]));
        const failedAt = Math.min(...begun.filter((id) => fails.includes(id)).map((id) => at.get(`end ${id}`)!));
        for (const { id, dependsOn, last } of tasks) {
          const start = at.get(`start ${id}`);
          if (start === undefined) continue;
          for (const dependency of dependsOn)
            assert.ok(at.get(`end ${dependency}`)! < start && !fails.includes(dependency), `${id} before ${dependency}`);
          if (last) assert.ok(start < failedAt, `${id} was begun after a failure`);
          if (last)
            for (const other of tasks)
              if (!other.last && !dependsOnLast(other, tasks)) assert.ok(at.get(`end ${other.id}`)! < start, `${id} before ${other.id}`);
        }
        if (stopAfter === undefined && fails.length === 0) assert.equal(begun.length, tasks.length);
      }),
      { numRuns: 300 },
    );
  });
});

function dependsOnLast({ dependsOn }: Task, tasks: readonly Task[]): boolean {
  return dependsOn.some((id) => {
    const dependency = tasks.find((one) => one.id === id)!;
    return dependency.last || dependsOnLast(dependency, tasks);
  });
}
