/** One report to Ghost Core, as it is sent under the agent's id of that moment. */
export interface Report {
  readonly what: string;
  /** Says why Ghost Core refused it, or nothing. */
  readonly send: (agentId: string, timeoutMs?: number) => Promise<string | undefined>;
  /** Answered attempts that failed. */
  failures: number;
}

/** Reports in their order. When there is no room the oldest goes: heartbeats tell Ghost Core every VM anyway. */
export class ReportQueue {
  readonly #reports: Report[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get first(): Report | undefined {
    return this.#reports[0];
  }

  get length(): number {
    return this.#reports.length;
  }

  /** The report that had to go, if any. */
  add(report: Report): Report | undefined {
    this.#reports.push(report);
    return this.#reports.length > this.#limit ? this.#reports.shift() : undefined;
  }

  remove(report: Report): void {
    const index = this.#reports.indexOf(report);
    if (index >= 0) this.#reports.splice(index, 1);
  }
}
