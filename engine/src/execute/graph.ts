/*
 * Runs tasks as a graph, so many at a time.
 *
 * (1) A task starts when everything it depends on has succeeded. When one of them has not, it is skipped.
 * (2) At most `parallel` tasks run, and at most `parallelPerLane` of one lane; lanes take turns.
 * (3) Tasks marked `last`, and what depends on them, start only when everything else has succeeded; after a failure
 *     none of them starts any more.
 * (4) Once the signal is aborted nothing starts; what runs is waited for.
 * (5) No polling: work is done when a task ends, and is constant per task and edge.
 */
export interface Task {
  readonly id: string;
  readonly lane: string;
  readonly dependsOn: readonly string[];
  readonly last: boolean;
}

export type SkipReason =
  | { readonly kind: "dependency"; readonly failed: string }
  /** Something failed, and this one is not done after a failure. */
  | { readonly kind: "failure"; readonly failed: string }
  | { readonly kind: "stopped" };

export interface GraphInput<T extends Task> {
  readonly tasks: readonly T[];
  readonly parallel: number;
  readonly parallelPerLane: number;
  /** Gives whether the task succeeded. Must not reject. */
  readonly run: (task: T) => Promise<boolean>;
  readonly onSkip: (task: T, reason: SkipReason) => void;
  readonly signal?: AbortSignal;
}

interface Node<T> {
  readonly task: T;
  readonly dependents: Node<T>[];
  waitsFor: number;
  isHeld: boolean;
  state: "waiting" | "running" | "ended";
}

interface Lane<T> {
  readonly ready: Node<T>[];
  /** Of the next one in `ready`; those before have been taken. */
  next: number;
  running: number;
  isQueued: boolean;
}

/** Resolves when every task has run or was skipped. */
export function runGraph<T extends Task>({ tasks, parallel, parallelPerLane, run, onSkip, signal }: GraphInput<T>): Promise<void> {
  const nodes = buildNodes(tasks);
  const lanes = new Map<string, Lane<T>>();
  const turns: Lane<T>[] = [];
  const finished = Promise.withResolvers<void>();
  let running = 0;
  let open = nodes.length;
  let openBefore = nodes.filter(({ isHeld }) => !isHeld).length;
  let failed: string | undefined;
  let heldReleased = false;

  const enqueue = (node: Node<T>): void => {
    const lane = laneOf(node.task.lane);
    lane.ready.push(node);
    takeTurn(lane);
  };
  const laneOf = (name: string): Lane<T> => {
    let lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, (lane = { ready: [], next: 0, running: 0, isQueued: false }));
    return lane;
  };
  const takeTurn = (lane: Lane<T>): void => {
    if (lane.isQueued || lane.running >= parallelPerLane || lane.next >= lane.ready.length) return;
    lane.isQueued = true;
    turns.push(lane);
  };

  const end = (node: Node<T>): void => {
    node.state = "ended";
    open--;
    if (!node.isHeld) openBefore--;
  };
  const skip = (first: Node<T>, reason: SkipReason): void => {
    const pending = [first];
    for (const node of pending) {
      if (node.state !== "waiting") continue;
      end(node);
      onSkip(node.task, node === first ? reason : reason.kind === "stopped" ? reason : { kind: "dependency", failed: first.task.id });
      pending.push(...node.dependents);
    }
  };
  const skipAll = (which: (node: Node<T>) => boolean, reason: SkipReason): void => {
    for (const node of nodes) if (node.state === "waiting" && which(node)) skip(node, reason);
  };

  const settle = (node: Node<T>, succeeded: boolean): void => {
    end(node);
    if (succeeded) {
      for (const dependent of node.dependents) {
        if (--dependent.waitsFor === 0 && dependent.state === "waiting" && (heldReleased || !dependent.isHeld)) enqueue(dependent);
      }
      return;
    }
    const first = failed === undefined;
    failed ??= node.task.id;
    for (const dependent of node.dependents)
      if (dependent.state === "waiting") skip(dependent, { kind: "dependency", failed: node.task.id });
    if (first) skipAll(({ isHeld }) => isHeld, { kind: "failure", failed });
  };

  const start = (lane: Lane<T>, node: Node<T>): void => {
    node.state = "running";
    running++;
    lane.running++;
    void run(node.task).then((succeeded) => {
      running--;
      lane.running--;
      settle(node, succeeded);
      takeTurn(lane);
      pump();
    }, finished.reject);
  };

  const pump = (): void => {
    if (signal?.aborted === true) skipAll(() => true, { kind: "stopped" });
    if (openBefore === 0 && !heldReleased) {
      heldReleased = true;
      for (const node of nodes) if (node.isHeld && node.state === "waiting" && node.waitsFor === 0) enqueue(node);
    }
    while (running < parallel && turns.length > 0) {
      const lane = turns.shift()!;
      lane.isQueued = false;
      const node = lane.ready[lane.next++];
      if (node?.state === "waiting") start(lane, node);
      takeTurn(lane);
    }
    if (open === 0) finished.resolve();
  };

  for (const node of nodes) if (!node.isHeld && node.waitsFor === 0) enqueue(node);
  signal?.addEventListener("abort", pump, { once: true });
  pump();
  return finished.promise.finally(() => signal?.removeEventListener("abort", pump));
}

function buildNodes<T extends Task>(tasks: readonly T[]): Node<T>[] {
  const nodes = new Map(tasks.map((task) => [task.id, { task, dependents: [], waitsFor: 0, isHeld: false, state: "waiting" } as Node<T>]));
  for (const node of nodes.values()) {
    for (const id of node.task.dependsOn) {
      const dependency = nodes.get(id);
      if (dependency === undefined) continue;
      dependency.dependents.push(node);
      node.waitsFor++;
    }
  }
  const held = [...nodes.values()].filter(({ task }) => task.last);
  for (const node of held) {
    if (node.isHeld) continue;
    node.isHeld = true;
    held.push(...node.dependents);
  }
  return [...nodes.values()];
}
