import type { InvokeAction_Event, InvokeAction_Request } from "../../../gen/tfplugin6.ts";
import { fromWireConfig } from "../from-wire/values.ts";
import { toWireDiagnostics } from "../to-wire/diagnostics.ts";
import { toPrintable } from "../to-wire/text.ts";
import { requireNamed } from "./rpc.ts";
import type { StreamRpc } from "./rpc.ts";

export const invokeAction: StreamRpc<InvokeAction_Request, InvokeAction_Event> = {
  needsConfiguration: true,
  async *answer({ provider, context }, { action_type, config }) {
    const action = requireNamed(provider.actions, "action", action_type);
    const { attributes } = action.schema;
    const messages: string[] = [];
    let wake = (): void => {};
    const invoked = action.invoke(
      fromWireConfig(attributes, config),
      (message) => {
        messages.push(message);
        wake();
      },
      context,
    );
    let done = false;
    // Its failure is thrown where it is awaited below; here it only ends the waiting.
    const ended = (): void => {
      done = true;
      wake();
    };
    invoked.then(ended, ended);
    while (!done || messages.length > 0) {
      const message = messages.shift();
      if (message !== undefined) yield { type: { $case: "progress", value: { message: toPrintable(message) } } };
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    yield completed(toWireDiagnostics(await invoked, attributes));
  },
  refuse: completed,
};

function completed(diagnostics: ReturnType<typeof toWireDiagnostics>): InvokeAction_Event {
  return { type: { $case: "completed", value: { diagnostics } } };
}
