import assert from "node:assert/strict";
import { execFileSync } from "node:child_process"; // oxlint-disable-line no-restricted-imports -- certificates are made by openssl
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { connectHost } from "@ghost/proto/client";
import { GhostError } from "@ghost/schemas";
import { startGrpcServer } from "./grpc-server.ts";
import { openServed } from "./testdata/served.ts";

/** An authority, an agent's and a client's certificate, and another authority with a client of its own. */
async function makeCertificates(t: TestContext): Promise<(name: string) => string> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-tls-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const create = (name: string, ...more: string[]): void =>
    openssl("req", "-x509", ...key, "-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${name}`, ...more);
  for (const [authority, ...names] of [
    ["ca", "agent", "client"],
    ["other", "stranger"],
  ] as const) {
    create(authority);
    for (const name of names)
      create(name, "-CA", `${authority}.crt`, "-CAkey", `${authority}.key`, "-addext", "subjectAltName=IP:127.0.0.1");
  }
  return (name) => join(dir, name);
}

suite("TLS", () => {
  test("lets in who has a certificate of the authority, and nobody else", async (t) => {
    const path = await makeCertificates(t);
    const served = await openServed(t, {
      address: "127.0.0.1:0",
      tls: { cert: path("agent.crt"), key: path("agent.key"), ca: path("ca.crt") },
    });
    const cases: { name: string; tls?: { ca: string; cert?: string; key?: string }; isIn: boolean }[] = [
      { name: "its own client", tls: { ca: path("ca.crt"), cert: path("client.crt"), key: path("client.key") }, isIn: true },
      { name: "a stranger", tls: { ca: path("ca.crt"), cert: path("stranger.crt"), key: path("stranger.key") }, isIn: false },
      { name: "nobody", tls: { ca: path("ca.crt") }, isIn: false },
      { name: "plain text", isIn: false },
    ];
    for (const { name, tls, isIn } of cases) {
      const host = connectHost({ name: "desk", address: served.server.address, timeoutMs: 10_000, ...(tls && { tls }) });
      t.after(() => host.close());
      const answer = await host.snapshot("").then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof GhostError);
          return false;
        },
      );
      assert.equal(answer, isIn, name);
    }
  });

  test("with files that cannot be used is refused at the start", async (t) => {
    const path = await makeCertificates(t);
    const start = (tls: { cert: string; key: string; ca: string }): Promise<unknown> =>
      startGrpcServer({ address: "127.0.0.1:0", tls, services: [] });
    await assert.rejects(
      start({ cert: path("none.crt"), key: path("agent.key"), ca: path("ca.crt") }),
      /AGENT_START.*none\.crt cannot be read/,
    );
    await assert.rejects(start({ cert: path("agent.crt"), key: path("client.key"), ca: path("ca.crt") }), /AGENT_START.*refused/);
  });
});
