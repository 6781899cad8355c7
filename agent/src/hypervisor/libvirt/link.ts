/** The driver's two connections to libvirt, and its errors in our words. */
import { GhostError, problem } from "@ghost/schemas";

/** What libvirt said, as a problem of this host. `subject` is who it is about, in words for people: `VM "web"`. */
export function hostProblem(reason: unknown, subject: string): GhostError {
  if (reason instanceof GhostError) return reason;
  const detail = reason instanceof Error ? reason.message : String(reason);
  return problem("HOST_ERROR", `${subject}: ${detail}.`, {}, { cause: reason });
}

/** Runs calls of libvirt; what they throw becomes a problem of this host. */
export async function told<T>(subject: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (reason) {
    throw hostProblem(reason, subject);
  }
}
