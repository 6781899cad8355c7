/* The toy provider as a process. */
import { serve } from "../serve.ts";

await serve({
  name: "provider.toy",
  source: async () => "registry.terraform.io/test/toy",
  byHand: "This is the toy provider.\nTerraform starts it.",
  load: async () => (await import("./toy-provider.ts")).toyProvider(),
});
