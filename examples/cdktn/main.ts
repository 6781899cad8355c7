/** Two web servers and a machine with a data disk, written out as resources. */
import { GhostProvider } from "@ghost/cdktn-provider/lib/provider";
import { Vm } from "@ghost/cdktn-provider/lib/vm";
import type { VmConfig } from "@ghost/cdktn-provider/lib/vm";
import { App, TerraformOutput, TerraformStack, TerraformVariable } from "cdktn";
import type { Construct } from "constructs";

class Shop extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const desk = new TerraformVariable(this, "desk", { type: "string", default: "unix:/run/ghost/agent.sock" });
    const password = new TerraformVariable(this, "DATA_PASSWORD", { type: "string", sensitive: true });
    // Terraform then keeps it out of plan files too.
    password.addOverride("ephemeral", true);

    new GhostProvider(this, "ghost", { stack: "shop", agents: { desk: { address: desk.stringValue } } });

    const server = { agent: "desk", image: "debian-12", vcpu: 2, ramGb: 4, diskGb: 20 } satisfies Partial<VmConfig>;
    const webs = [1, 2].map((index) => new Vm(this, `web-${index}`, { ...server, name: `web-${index}`, labels: { role: "web" } }));
    const data = new Vm(this, "data", {
      ...server,
      name: "data",
      labels: { role: "data" },
      disks: { content: { sizeGb: 100 } },
      cloudInit: { passwordWo: password.stringValue, passwordWoVersion: 1 },
      dependsOn: webs,
    });

    new TerraformOutput(this, "data_uid", { value: data.uid });
  }
}

const app = new App();
new Shop(app, "shop");
app.synth();
