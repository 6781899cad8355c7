/** An agent behind TLS, reached by certificates that the provider block names. */
import assert from "node:assert/strict";
import path from "node:path";
import { suite, test } from "node:test";
import { makeCertificates } from "../../proto/src/client/testdata/server.ts";
import { freePort, tempFolder } from "../support/ghost.ts";
import { startAgent } from "./support/agents.ts";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import { said } from "./support/words.ts";

suite("TLS", () => {
  test("with the right certificates a machine is made; with none, or somebody else's, it is refused in words", async () => {
    await using temp = await tempFolder();
    makeCertificates(temp.path);
    const file = (name: string): string => path.join(temp.path, name);
    await using agent = await startAgent("desk", file("desk"), {
      address: `127.0.0.1:${await freePort()}`,
      tls: { cert: file("agent.crt"), key: file("agent.key"), ca: file("ca.crt") },
    });
    await using site = await openSite();
    const through = (tls: string): { providerBody: string } => ({
      providerBody: `stack = "shop"\n agents = { desk = { address = "${agent.address}", timeout_s = 5${tls} } }`,
    });
    const client = (name: string): string =>
      `, tls = { ca = "${file("ca.crt")}", cert = "${file(`${name}.crt`)}", key = "${file(`${name}.key`)}" }`;

    for (const tls of ["", `, tls = { ca = "${file("ca.crt")}" }`, client("other"), client("missing")]) {
      await site.write(vm("web"), through(tls));
      assert.match(said(await site.refused("plan")), /desk|missing\.crt/, tls);
    }
    await site.write(vm("web"), through(client("client")));
    await site.apply();
    assert.deepEqual(agent.names(), ["web"]);
  });
});
