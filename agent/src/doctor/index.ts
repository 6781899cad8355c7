/** Whether this machine can run VMs, and what is missing: `ghost agent doctor`. */
import { findingsOf } from "./findings.ts";
import type { Finding } from "./findings.ts";
import { gatherFacts } from "./gather.ts";
import type { DoctorOptions } from "./gather.ts";

export { isSound } from "./findings.ts";
export type { Finding } from "./findings.ts";
export type { DoctorOptions } from "./gather.ts";

/** Changes nothing. */
export async function examine(options: DoctorOptions): Promise<readonly Finding[]> {
  return findingsOf(await gatherFacts(options));
}
