/** grpc.reflection: what services there are and what their messages look like, from descriptors made at build time. */
import type { handleBidiStreamingCall, ServiceDefinition } from "@grpc/grpc-js";
import { GRPC_STATUS } from "@ghost/proto";
import { reflection } from "@ghost/proto/server";

type Request = reflection.ServerReflectionRequest;
type Answer = NonNullable<reflection.ServerReflectionResponse["message_response"]>;
type Descriptors = (typeof import("@ghost/proto/descriptors"))["descriptors"];

/** Definitions of both versions of the service: only their names differ. */
export const reflectionDefinitions: readonly ServiceDefinition[] = ["v1", "v1alpha"].map((version) => {
  const { serverReflectionInfo: method } = reflection.ServerReflectionService;
  return { serverReflectionInfo: { ...method, path: method.path.replace(".v1.", `.${version}.`) } };
});

export function createReflectionService(services: readonly string[]): {
  serverReflectionInfo: handleBidiStreamingCall<Request, reflection.ServerReflectionResponse>;
} {
  return {
    serverReflectionInfo(call) {
      let answered: Promise<unknown> = Promise.resolve();
      call.on("data", (request: Request) => {
        answered = answered.then(async () => {
          // Loaded only when somebody asks.
          const { descriptors } = await import("@ghost/proto/descriptors");
          call.write({ valid_host: request.host, original_request: request, message_response: answer(request, services, descriptors) });
        });
      });
      call.on("end", () => void answered.then(() => call.end()));
      call.on("error", () => undefined);
    },
  };
}

/** One question, one answer; what is not there is an answer too. */
function answer({ message_request: question }: Request, services: readonly string[], descriptors: Descriptors): Answer {
  switch (question?.$case) {
    case "list_services":
      return { $case: "list_services_response", value: { service: services.map((name) => ({ name })) } };
    case "file_by_filename":
      return filesFor(question.value, question.value, descriptors);
    case "file_containing_symbol": {
      const file = Object.keys(descriptors).find((path) => descriptors[path]!.symbols.includes(asV1(question.value)));
      return filesFor(file, question.value, descriptors);
    }
    case "all_extension_numbers_of_type":
      return { $case: "all_extension_numbers_response", value: { base_type_name: question.value, extension_number: [] } };
    case "file_containing_extension":
      return notFound(`extension ${question.value.extension_number} of ${question.value.containing_type}`);
    case undefined:
      return { $case: "error_response", value: { error_code: GRPC_STATUS.INVALID_ARGUMENT, error_message: "The request asks nothing." } };
  }
}

/** The older service has the newer one's messages. */
function asV1(symbol: string): string {
  return symbol.replace(/^grpc\.reflection\.v1alpha\./, "grpc.reflection.v1.");
}

function filesFor(path: string | undefined, asked: string, descriptors: Descriptors): Answer {
  if (path === undefined || !Object.hasOwn(descriptors, path)) return notFound(asked);
  const files = new Set<string>();
  const add = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    descriptors[file]?.imports.forEach(add);
  };
  add(path);
  return {
    $case: "file_descriptor_response",
    value: { file_descriptor_proto: [...files].map((file) => Buffer.from(descriptors[file]!.base64, "base64")) },
  };
}

function notFound(what: string): Answer {
  return { $case: "error_response", value: { error_code: GRPC_STATUS.NOT_FOUND, error_message: `There is no ${what} here.` } };
}
