import type { Calls, Messages } from "../../gen/types.ts";

/** What the table says of one procedure. The names are those of shapes. */
export interface Procedure {
  readonly program: number;
  readonly number: number;
  readonly args?: string;
  readonly ret?: string;
  /** The server sends it unasked, with this content. */
  readonly msg?: string;
  /** The server answers it from a worker of its own: it never waits for a guest. */
  readonly isHighPriority?: boolean;
  /** A stream of bytes goes with it. `read` ones of consoles are written too. */
  readonly stream?: "read" | "write";
}

export type ProcedureTable = Readonly<Record<keyof Calls | keyof Messages, Procedure>>;
