/** Service definitions and message codecs, for programs that serve or speak the raw wire. Loads grpc-js. */
import { Metadata } from "@grpc/grpc-js";
import type { StatusObject } from "@grpc/grpc-js";
import { DIAGNOSTICS_KEY, toStatus } from "./wire/status.ts";

export * as agentpb from "../gen/agentpb/agent.ts";
export * as ghostapi from "../gen/ghostapi/ghost.ts";
export * as health from "../gen/grpc/health/v1/health.ts";
export * as reflection from "../gen/grpc/reflection/v1/reflection.ts";
export * as host from "../gen/ghost/host/v1/host.ts";

/** Anything that was thrown, for a handler's callback or `call.emit("error", …)`; clients get the diagnostics back. */
export function serviceError(error: unknown): StatusObject {
  const { code, details, metadata } = toStatus(error);
  const entries = new Metadata();
  entries.set(DIAGNOSTICS_KEY, Buffer.from(metadata[DIAGNOSTICS_KEY]));
  return { code, details, metadata: entries };
}
