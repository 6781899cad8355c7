/* The Terraform provider's program. What it can do is loaded when Terraform first asks, after it has found us. */
import { serve } from "./protocol6/serve.ts";
import { VERSION } from "./version.ts";

void serve({
  name: "provider.ghost",
  source: async () => (await import("@ghost/schemas")).PROVIDER_ADDRESS,
  byHand: `This is Ghost's Terraform provider ${VERSION}. Terraform starts it; by hand it does nothing.

To install it where Terraform looks: ghost provider install
To run it for debugging, with instructions: add --debug`,
  load: async () => (await import("./ghost/provider.ts")).ghostProvider(VERSION),
});
