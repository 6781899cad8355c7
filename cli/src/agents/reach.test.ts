import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic } from "@ghost/schemas";
import { namesEmbedded } from "./reach.ts";

const gone = (agent: string, address: string): Diagnostic => ({
  code: "AGENT_UNREACHABLE",
  severity: "error",
  detail: `Agent "${agent}" does not answer at ${address}: nothing listens there.`,
  hint: "Start the agent there with `ghost agent run`.",
  agent,
});

suite("namesEmbedded", () => {
  const asWritten = namesEmbedded(
    [
      { name: "desk", address: "embedded:sim" },
      { name: "rack", address: "rack.example:9090" },
    ],
    "/home/me",
  );

  test("an embedded agent has the address of the spec, and comes back by itself", () => {
    const [told] = asWritten([gone("desk", "unix:/home/me/sim/agent.sock")]);
    assert.match(told?.detail ?? "", /does not answer at embedded:sim:/);
    assert.equal(told?.hint, "Apply again: the agent is started by itself.");
  });

  test("every other problem stays as it is", () => {
    const others = [gone("rack", "rack.example:9090"), { ...gone("desk", "unix:/x"), code: "HOST_ERROR" as const }];
    assert.deepEqual(asWritten(others), others);
  });
});
