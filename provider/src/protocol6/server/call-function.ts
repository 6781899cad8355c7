import type { CallFunction_Request, CallFunction_Response } from "../../../gen/tfplugin6.ts";
import { fromWireValue } from "../from-wire/values.ts";
import { FunctionError } from "../provider.ts";
import { toPrintable } from "../to-wire/text.ts";
import { toWireValue } from "../to-wire/values.ts";
import { Refusal, requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

export const callFunction: Rpc<CallFunction_Request, CallFunction_Response> = {
  async answer({ provider }, request) {
    const definition = requireNamed(provider.functions, "function", request.name);
    const { schema } = definition;
    const args = request.arguments.map((argument, index) => {
      const parameter = schema.parameters[index] ?? schema.variadic;
      if (parameter === undefined) throw new Refusal("Too many arguments", `${request.name} takes ${schema.parameters.length} arguments.`);
      return fromWireValue(parameter.type, argument);
    });
    if (args.length < schema.parameters.length) {
      throw new Refusal("Missing arguments", `${request.name} takes ${schema.parameters.length} arguments and was given ${args.length}.`);
    }
    try {
      return { result: toWireValue(schema.returns, await definition.call(args)) };
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      // Core puts a full stop behind it.
      const text = toPrintable(error.message).replace(/\.$/, "");
      return { error: { text, ...(error.argument === undefined ? {} : { function_argument: error.argument }) } };
    }
  },
  refuse: (diagnostics) => ({ error: { text: diagnostics.map(({ summary, detail }) => `${summary}: ${detail}`).join("\n") } }),
};
