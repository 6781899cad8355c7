import type { StopProvider_Request, StopProvider_Response } from "../../../gen/tfplugin6.ts";
import type { Rpc } from "./rpc.ts";

export const stopProvider: Rpc<StopProvider_Request, StopProvider_Response> = {
  async answer({ lifecycle }) {
    lifecycle.stop();
    return { Error: "" };
  },
  refuse: (diagnostics) => ({ Error: diagnostics.map(({ detail }) => detail).join("\n") }),
};
