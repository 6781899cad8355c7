import type { Operation } from "@ghost/schemas";
import { formatBytes } from "../progress/words.ts";
import type { Style } from "./style.ts";
import type { Cell } from "./table.ts";

export const OPERATION_HEADING = ["operation", "what", "state", "phase", "begun"] as const;

/** One line of `ghost op list`. */
export function operationCells(agent: string, operation: Operation, style: Style): Cell[] {
  const { id, action, kind, name, state, phase, bytesDone, bytesTotal, createdAt, noop } = operation;
  const paint = { succeeded: style.good, failed: style.bad, interrupted: style.bad, cancelled: style.warn, running: style.note, pending: style.dim }[state];
  const bytes = bytesTotal > 0 && state === "running" ? ` ${formatBytes(bytesDone, bytesTotal)}` : "";
  return [`${agent}/${id}`, `${action} ${kind} ${name}`, { text: noop ? `${state} (nothing to do)` : state, paint }, `${phase}${bytes}`, createdAt?.toISOString().replace(/\.\d+Z$/, "Z") ?? ""];
}
