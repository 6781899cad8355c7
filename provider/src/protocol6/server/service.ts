/*
 * All RPCs as a gRPC service.
 *
 * (1) Whatever is thrown becomes an error diagnostic of the answer; a call never fails as a call.
 * (2) A call that needs the provider's configuration is refused before ConfigureProvider has succeeded.
 * (3) The signal of a call aborts when Terraform asks to stop, when it cancels the call and when it hangs up. After a stop
 *     every new call starts aborted, until the provider is configured again.
 */
import type { handleServerStreamingCall, handleUnaryCall, ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import type { Diagnostic as WireDiagnostic, ProviderServer } from "../../../gen/tfplugin6.ts";
import { ValueError } from "../codec/conform.ts";
import type { Log, Provider } from "../provider.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { applyResourceChange } from "./apply-resource-change.ts";
import { callFunction } from "./call-function.ts";
import { configureProvider } from "./configure-provider.ts";
import { generateResourceConfig } from "./generate-resource-config.ts";
import { getFunctions } from "./get-functions.ts";
import { getMetadata } from "./get-metadata.ts";
import { getProviderSchema } from "./get-provider-schema.ts";
import { getResourceIdentitySchemas } from "./get-resource-identity-schemas.ts";
import { importResourceState } from "./import-resource-state.ts";
import { invokeAction } from "./invoke-action.ts";
import { listResource } from "./list-resource.ts";
import { moveResourceState } from "./move-resource-state.ts";
import { planAction } from "./plan-action.ts";
import { planResourceChange } from "./plan-resource-change.ts";
import { readDataSource } from "./read-data-source.ts";
import { readResource } from "./read-resource.ts";
import { Refusal } from "./rpc.ts";
import type { Call, Rpc, StreamRpc } from "./rpc.ts";
import { stopProvider } from "./stop-provider.ts";
import { upgradeResourceIdentity } from "./upgrade-resource-identity.ts";
import { upgradeResourceState } from "./upgrade-resource-state.ts";
import { validateActionConfig } from "./validate-action-config.ts";
import { validateDataResourceConfig } from "./validate-data-resource-config.ts";
import { validateListResourceConfig } from "./validate-list-resource-config.ts";
import { validateProviderConfig } from "./validate-provider-config.ts";
import { validateResourceConfig } from "./validate-resource-config.ts";

export interface ProviderService {
  readonly handlers: ProviderServer;
  /** As StopProvider does. */
  stop(): void;
}

/** `load` is called once, by the first call that comes; when it fails, every call says why. */
export function providerService(load: () => Promise<Provider>, log: Log): ProviderService {
  let loaded: Promise<Provider> | undefined;
  let configured = false;
  let stopped = false;
  const running = new Set<AbortController>();
  const stop = (): void => {
    stopped = true;
    for (const controller of running) controller.abort(new Error("Terraform asked to stop."));
  };
  const lifecycle = { configured: () => void (configured = true), stop };

  async function begin(rpc: Rpc<never, unknown> | StreamRpc<never, unknown>, controller: AbortController): Promise<Call> {
    if (rpc.configures === true) stopped = false;
    if (stopped) controller.abort(new Error("Terraform asked to stop."));
    if (rpc.needsConfiguration === true && !configured) {
      throw new Refusal(
        "Provider not configured",
        "Terraform asked for something that needs the provider's configuration before it was given.",
      );
    }
    return { provider: await (loaded ??= load()), context: { signal: controller.signal, log }, lifecycle };
  }

  /** Runs a call with a signal of its own. */
  async function during(
    call: ServerUnaryCall<never, never> | ServerWritableStream<never, never>,
    work: (controller: AbortController) => Promise<void>,
  ): Promise<void> {
    const controller = new AbortController();
    running.add(controller);
    call.on("cancelled", () => controller.abort(new Error("Terraform cancelled the call or hung up.")));
    try {
      await work(controller);
    } finally {
      running.delete(controller);
    }
  }

  function unary<Request, Response>(name: string, rpc: Rpc<Request, Response>): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const respond = async (controller: AbortController): Promise<void> => {
        let response: Response;
        try {
          response = await rpc.answer(await begin(rpc, controller), call.request);
        } catch (error) {
          response = rpc.refuse(toDiagnostics(name, error, log), call.request);
        }
        callback(null, response);
      };
      void during(call as ServerUnaryCall<never, never>, respond);
    };
  }

  function streaming<Request, Event>(name: string, rpc: StreamRpc<Request, Event>): handleServerStreamingCall<Request, Event> {
    return (call) => {
      void during(call as unknown as ServerWritableStream<never, never>, async (controller) => {
        try {
          for await (const event of rpc.answer(await begin(rpc, controller), call.request)) {
            if (call.cancelled) break;
            if (!call.write(event)) await drained(call, controller.signal);
          }
        } catch (error) {
          call.write(rpc.refuse(toDiagnostics(name, error, log), call.request));
        }
        call.end();
      });
    };
  }

  return {
    stop,
    handlers: {
      getMetadata: unary("GetMetadata", getMetadata),
      getProviderSchema: unary("GetProviderSchema", getProviderSchema),
      getResourceIdentitySchemas: unary("GetResourceIdentitySchemas", getResourceIdentitySchemas),
      validateProviderConfig: unary("ValidateProviderConfig", validateProviderConfig),
      validateResourceConfig: unary("ValidateResourceConfig", validateResourceConfig),
      validateDataResourceConfig: unary("ValidateDataResourceConfig", validateDataResourceConfig),
      upgradeResourceState: unary("UpgradeResourceState", upgradeResourceState),
      upgradeResourceIdentity: unary("UpgradeResourceIdentity", upgradeResourceIdentity),
      configureProvider: unary("ConfigureProvider", configureProvider),
      readResource: unary("ReadResource", readResource),
      planResourceChange: unary("PlanResourceChange", planResourceChange),
      applyResourceChange: unary("ApplyResourceChange", applyResourceChange),
      importResourceState: unary("ImportResourceState", importResourceState),
      moveResourceState: unary("MoveResourceState", moveResourceState),
      readDataSource: unary("ReadDataSource", readDataSource),
      generateResourceConfig: unary("GenerateResourceConfig", generateResourceConfig),
      validateEphemeralResourceConfig: unary(
        "ValidateEphemeralResourceConfig",
        noEphemeral((diagnostics) => ({ diagnostics })),
      ),
      openEphemeralResource: unary(
        "OpenEphemeralResource",
        noEphemeral((diagnostics) => ({ diagnostics })),
      ),
      renewEphemeralResource: unary(
        "RenewEphemeralResource",
        noEphemeral((diagnostics) => ({ diagnostics })),
      ),
      closeEphemeralResource: unary(
        "CloseEphemeralResource",
        noEphemeral((diagnostics) => ({ diagnostics })),
      ),
      listResource: streaming("ListResource", listResource),
      validateListResourceConfig: unary("ValidateListResourceConfig", validateListResourceConfig),
      getFunctions: unary("GetFunctions", getFunctions),
      callFunction: unary("CallFunction", callFunction),
      validateActionConfig: unary("ValidateActionConfig", validateActionConfig),
      planAction: unary("PlanAction", planAction),
      invokeAction: streaming("InvokeAction", invokeAction),
      stopProvider: unary("StopProvider", stopProvider),
    },
  };
}

/** A provider of ours has no ephemeral resources yet. */
function noEphemeral<Request extends { readonly type_name: string }, Response>(
  refuse: (diagnostics: WireDiagnostic[]) => Response,
): Rpc<Request, Response> {
  return {
    answer: async (_call, { type_name }) => {
      throw new Refusal("Unknown ephemeral resource type", `This provider has no ephemeral resource "${type_name}".`);
    },
    refuse,
  };
}

function toDiagnostics(rpc: string, error: unknown, log: Log): WireDiagnostic[] {
  if (error instanceof Refusal) return toWireDiagnostics([{ severity: "error", summary: error.summary, detail: error.message }], {});
  const message = error instanceof Error ? error.message : String(error);
  const detail =
    error instanceof ValueError
      ? `${message} This is a bug in the provider, or Terraform and the provider do not agree on its schema.`
      : `${message}\n\nThis is a bug in the provider; TF_LOG=error shows where.`;
  log.error(`${rpc} failed: ${message}`, { stack: error instanceof Error ? error.stack : undefined });
  return toWireDiagnostics([{ severity: "error", summary: `Bug in the provider (${rpc})`, detail }], {});
}

function drained(
  call: ServerWritableStream<never, never> | { once(event: "drain", then: () => void): unknown },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    call.once("drain", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
