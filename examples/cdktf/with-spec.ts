/** The same machines, made of the spec that "ghost plan" reads. */
import { GhostSpec } from "@ghost/cdktf-provider/lib/ghost-spec";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";

class Shop extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const spec = new GhostSpec(this, "spec", { file: "ghost.yaml", variables: { web_count: 2 } });

    // Whatever a spec cannot say is said of the resource.
    spec.vm("data").lifecycle = { preventDestroy: false };
    new TerraformOutput(this, "data_uid", { value: spec.vm("data").uid });
  }
}

const app = new App();
new Shop(app, "shop");
app.synth();
