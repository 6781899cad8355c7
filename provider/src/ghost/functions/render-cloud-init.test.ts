import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { renderCloudInit } from "@ghost/engine";
import { FunctionError } from "../../protocol6/provider.ts";
import { Decimal, Dynamic, UNKNOWN } from "../../protocol6/value.ts";
import type { Value } from "../../protocol6/value.ts";
import { renderCloudInitFunction } from "./render-cloud-init.ts";

const call = (value: Value): Promise<Value> => renderCloudInitFunction.call([value]);

suite("render_cloud_init", () => {
  test("gives what the engine renders", async () => {
    const setup = { hostname: "web-1", packages: ["nginx"], ssh_keys: ["ssh-ed25519 AAAA me"], user_data: "#!/bin/sh\n", password: "x" };
    const given = new Dynamic(["object", {}], setup);
    assert.equal(await call(given), await renderCloudInit(setup));
  });

  test("takes null for left out", async () => {
    assert.equal(await call({ hostname: "a", packages: null, user_data: null, password: null }), '#cloud-config\nhostname: "a"\n');
  });

  test("knows no result of what is not known", async () => {
    assert.equal(await call({ hostname: "a", packages: ["nginx", UNKNOWN] }), UNKNOWN);
  });

  const wrong: { name: string; value: Value; says: RegExp }[] = [
    { name: "a key that there is not", value: { package: ["x"] }, says: /There is no "package" here. Did you mean "packages"\?/ },
    { name: "a key that is near none", value: { abc: 1 }, says: /It takes hostname, packages, / },
    { name: "no object", value: ["hunter2"], says: /not an object/ },
    { name: "null", value: null, says: /not an object/ },
    { name: "a number", value: new Decimal("0.1"), says: /not an object/ },
    { name: "no list", value: { packages: "hunter2" }, says: /packages must be a list/ },
    { name: "no text in a list", value: { packages: ["x", 1] }, says: /packages \[1\] must be a text/ },
    { name: "two lines in a list", value: { ssh_keys: ["hunter2\nx"] }, says: /ssh_keys \[0\] must be one line/ },
    { name: "a bad name", value: { hostname: "Hunter2_" }, says: /hostname must be 1 to 63/ },
    { name: "more than a guest takes", value: { user_data: "x".repeat(65_537) }, says: /longer than 65536/ },
    { name: "no password", value: { password: "" }, says: /password is empty/ },
    { name: "what the engine refuses", value: { user_data: "a: [hunter2" }, says: /in line 1.*The mistake may be/ },
  ];
  for (const { name, value, says } of wrong)
    test(`refuses ${name}, without its content`, async () => {
      await assert.rejects(call(value), (reason) => {
        assert.ok(reason instanceof FunctionError);
        assert.match(reason.message, says);
        assert.doesNotMatch(reason.message, /hunter2/i);
        return reason.argument === 0;
      });
    });
});
