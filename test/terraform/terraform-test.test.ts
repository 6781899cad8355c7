/** `terraform test`: a user's own tests, over a simulated host and over a mock. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import { explain } from "./support/terraform.ts";

const MAIN = `variable "ram_gb" {
  type    = number
  default = 2
}
${vm("web", { ram_gb: "var.ram_gb", ram_max_gb: 8 })}
output "impact" {
  value = ghost_vm.web.planned_impact
}
`;

suite("terraform test", () => {
  for (const by of ["reattach", "mirror"] as const) {
    test(`over a simulated host, by ${by}: applies, changes and destroys`, async () => {
      await using site = await openSite({ by });
      await site.write(MAIN, {
        files: {
          "main.tftest.hcl": `run "create" {
  assert {
    condition     = ghost_vm.web.status == "running" && ghost_vm.web.owner == "terraform:shop"
    error_message = "it does not run"
  }
}
run "grow" {
  variables {
    ram_gb = 4
  }
  assert {
    condition     = output.impact == "live"
    error_message = "impact is \${output.impact}"
  }
}
`,
        },
      });
      const outcome = await site.run("test", "-json");
      assert.equal(outcome.code, 0, explain(outcome, site) + outcome.stdout);
      assert.match(outcome.stdout, /2 passed, 0 failed/);
      assert.deepEqual(site.desk.names(), [], "terraform cleans up after its test");
    });
  }

  test("with mock_provider needs no agent at all", async () => {
    await using site = await openSite({ by: "mirror" });
    await site.desk.stop();
    await site.write(MAIN, {
      files: {
        "main.tftest.hcl": `mock_provider "ghost" {
  mock_resource "ghost_vm" {
    defaults = {
      ip_address = "192.0.2.1"
    }
  }
}
run "mocked" {
  assert {
    condition     = ghost_vm.web.ip_address == "192.0.2.1"
    error_message = "no address"
  }
  assert {
    condition     = ghost_vm.web.ram_gb == 2
    error_message = "no memory"
  }
}
`,
      },
    });
    const outcome = await site.run("test", "-json");
    assert.equal(outcome.code, 0, explain(outcome, site) + outcome.stdout);
    assert.match(outcome.stdout, /1 passed, 0 failed/);
    assert.deepEqual(site.desk.calls, {});
  });
});
