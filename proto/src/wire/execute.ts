import { problem } from "@ghost/schemas";
import type { Json, PlanHeader, StepBody } from "@ghost/schemas";
import type { ExecuteRequest } from "../../gen/ghost/host/v1/host.ts";
import { headerFromWire, headerToWire, stepFromWire, stepToWire } from "./plan.ts";
import type { StepProof } from "./plan.ts";
import { requirePart } from "./require.ts";

/** One step of a plan, with the proof that it is one. */
export interface ExecuteInput {
  /** Chosen by the caller; the same id again is the same operation. */
  readonly operationId: string;
  readonly header: PlanHeader;
  readonly proof: StepProof;
  readonly body: StepBody;
  /** Values of secrets by attribute path; never stored. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The projection behind the body's revision, so that a refusal can name what moved. */
  readonly projection?: Json;
}

/** Without the header where whoever reads it has it already. */
export function executeToWire(input: ExecuteInput, { withHeader = true }: { readonly withHeader?: boolean } = {}): ExecuteRequest {
  return {
    operation_id: input.operationId,
    ...(withHeader && { header: headerToWire(input.header) }),
    proof: { index: input.proof.index, siblings: input.proof.siblings as string[] },
    step: stepToWire(input.body),
    secrets: input.secrets,
    projection_json: input.projection === undefined ? "" : JSON.stringify(input.projection),
  };
}

/**
 * Throws PLAN_UNREADABLE when a part is missing or says what this version does not know. A header that was read before
 * stands for one that did not come along.
 */
export function executeFromWire(message: ExecuteRequest, header?: PlanHeader): ExecuteInput {
  const proof = requirePart(message.proof, "PLAN_UNREADABLE", "The proof of the step");
  const projection = projectionFromWire(message.projection_json);
  return {
    operationId: message.operation_id,
    header:
      message.header === undefined && header !== undefined
        ? header
        : headerFromWire(requirePart(message.header, "PLAN_UNREADABLE", "The plan's header")),
    proof: { index: proof.index, siblings: proof.siblings },
    body: stepFromWire(requirePart(message.step, "PLAN_UNREADABLE", "The step")),
    secrets: message.secrets,
    ...(projection !== undefined && { projection }),
  };
}

function projectionFromWire(text: string): Json | undefined {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch (reason) {
    throw problem("PLAN_UNREADABLE", "The projection of the step is not JSON.", {}, { cause: reason });
  }
}
