/** One act on one VM, followed to its end. */
import { randomUUID } from "node:crypto";
import type { HostClient, VmAct } from "@ghost/proto/client";
import { GhostError, problem } from "@ghost/schemas";
import type { Operation } from "@ghost/schemas";
import { escapeLine } from "../output/escape.ts";
import { operationWords } from "../output/operations.ts";
import type { Session } from "../terminal/session.ts";

export const CEILING = {
  "max-impact": { kind: "impact", value: "IMPACT", doc: "Refuse when it would do worse than this to the VM." },
} as const;

/** Throws why it did not succeed. Who leaves early leaves the agent to it. */
export async function carryOut(host: HostClient, agent: string, act: Omit<VmAct, "operationId">, session: Session): Promise<Operation> {
  let last: Operation | undefined;
  for await (const operation of host.actOnVm({ operationId: randomUUID(), ...act }, { signal: session.stop })) {
    const isNews = operation.endedAt === undefined && operation.phase !== last?.phase;
    last = operation;
    if (isNews) session.say(`${escapeLine(agent)}: ${operationWords(operation)}\n`);
  }
  if (last?.state === "succeeded") return last;
  const [first, ...others] = (last?.diagnostics ?? []).map((diagnostic) => ({ ...diagnostic, agent }));
  if (first !== undefined) throw new GhostError([first, ...others]);
  throw problem("INTERNAL", `The operation on VM "${act.vm}" ended as ${last?.state ?? "nothing"}, and the agent does not say why.`, {
    agent,
  });
}
