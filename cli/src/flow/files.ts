/** Plan files: written whole or not at all, and read with care. */
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { PlanDocument } from "@ghost/schemas";
import { PLAN_FORMAT_VERSION, problem } from "@ghost/schemas";
import type { Session } from "../terminal/session.ts";
import { readStdin } from "./spec.ts";
import { fsReason } from "../output/fs-error.ts";

/** Replaces the file in one step; what is no file (`/dev/stdout`) is written to. Throws FILE_NOT_WRITABLE. */
export async function writeWhole(file: string, text: string, session: Pick<Session, "cwd">): Promise<void> {
  const target = path.resolve(session.cwd, file);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const present = await stat(target).catch(() => undefined);
    if (present !== undefined && !present.isFile()) return await writeFile(target, text);
    await writeFile(temporary, text);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw problem("FILE_NOT_WRITABLE", `${file} cannot be written: ${fsReason(error)}.`, {
      hint: "Give a file in a folder that exists and that you may write.",
    });
  }
}

/** Reads a saved plan; `-` is stdin. Throws PLAN_UNREADABLE. */
export async function readPlan(file: string, session: Session): Promise<PlanDocument> {
  const text = file === "-" ? ((await readStdin(session)) ?? "") : await readText(file, session);
  const plan = parsePlan(text);
  if (plan === undefined) throw unreadable(file, "is not a saved plan of Ghost");
  const { format_version: version } = plan as { format_version?: unknown };
  if (version !== PLAN_FORMAT_VERSION) {
    throw unreadable(
      file,
      `is a plan of format ${typeof version === "string" ? version : "unknown"}, and this Ghost reads format ${PLAN_FORMAT_VERSION}`,
    );
  }
  const { validatePlan } = await import("@ghost/schemas/validators");
  if (!validatePlan(plan)) {
    const [first] = validatePlan.errors ?? [];
    throw unreadable(
      file,
      `is damaged: ${first?.instancePath === "" ? "the document" : first?.instancePath} ${first?.message ?? "is not as it should be"}`,
    );
  }
  return plan as unknown as PlanDocument;
}

function parsePlan(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "plan" ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readText(file: string, session: Session): Promise<string> {
  try {
    return await readFile(path.resolve(session.cwd, file), "utf8");
  } catch (error) {
    throw problem("PLAN_UNREADABLE", `${file} cannot be read: ${fsReason(error)}.`, {
      hint: "Make a plan with: ghost plan --out FILE",
    });
  }
}

function unreadable(file: string, what: string): ReturnType<typeof problem> {
  return problem("PLAN_UNREADABLE", `${file === "-" ? "What came from stdin" : file} ${what}.`, {
    hint: "Make the plan again with: ghost plan --out FILE",
  });
}
