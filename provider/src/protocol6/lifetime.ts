/*
 * When a plugin's process ends.
 *
 * (1) Ctrl-C reaches the whole process group; it is Terraform who decides what it means, so here it means nothing.
 * (2) SIGTERM: what runs is asked to stop and may answer, then the process ends. A second one ends it at once.
 * (3) A plugin never outlives Terraform: when its parent changes or is gone, it ends.
 */
const LOOK_EVERY_MS = 1_000;
/** For what runs to answer after SIGTERM. */
const GRACE_MS = 30_000;

export function endWithParent(end: (why: string) => void, proc: NodeJS.Process = process): void {
  const parent = proc.ppid;
  setInterval(() => {
    if (proc.ppid !== parent || !isAlive(parent, proc)) end("the process that started it is gone");
  }, LOOK_EVERY_MS).unref();
}

export function handleSignals(stop: () => Promise<void>, end: () => void, proc: NodeJS.Process = process): void {
  let stopping = false;
  proc.on("SIGINT", () => {});
  proc.on("SIGTERM", () => {
    if (stopping) return end();
    stopping = true;
    setTimeout(end, GRACE_MS).unref();
    stop().then(end, end);
  });
}

function isAlive(pid: number, proc: NodeJS.Process): boolean {
  try {
    proc.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
