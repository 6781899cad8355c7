import type { Operation } from "@ghost/schemas";
import { formatBytes } from "../progress/words.ts";
import { escapeLine } from "./escape.ts";
import type { Style } from "./style.ts";
import type { Cell } from "./table.ts";

export const OPERATION_HEADING = ["operation", "what", "state", "phase", "begun"] as const;

/** One line of `ghost op list`. */
export function operationCells(agent: string, operation: Operation, style: Style): Cell[] {
  const { id, action, kind, name, state, phase, bytesDone, bytesTotal, createdAt, noop } = operation;
  const paint = {
    succeeded: style.good,
    failed: style.bad,
    interrupted: style.bad,
    cancelled: style.warn,
    running: style.note,
    pending: style.dim,
  }[state];
  const bytes = bytesTotal > 0 && state === "running" ? ` ${formatBytes(bytesDone, bytesTotal)}` : "";
  return [
    `${agent}/${id}`,
    `${action} ${kind} ${name}`,
    { text: noop ? `${state} (nothing to do)` : state, paint },
    `${phase}${bytes}`,
    createdAt?.toISOString().replace(/\.\d+Z$/, "Z") ?? "",
  ];
}

/** `create vm web-1 is running: image, 1.2 of 2.0 GiB (60%)`. */
export function operationWords({ action, kind, name, state, phase, bytesDone, bytesTotal, noop }: Operation): string {
  const what = `${escapeLine(action)} ${escapeLine(kind)} ${escapeLine(name)}`;
  if (state === "running" || state === "pending") {
    const bytes = bytesTotal > 0 ? `, ${formatBytes(bytesDone, bytesTotal)}` : "";
    return `${what} is ${state}${phase === "" ? "" : `: ${escapeLine(phase)}${bytes}`}`;
  }
  return `${what} ${state === "interrupted" || state === "cancelled" ? "was" : "has"} ${state}${noop ? ": there was nothing to do" : ""}`;
}
