import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { problem } from "@ghost/schemas";
import { observe } from "./observe.ts";
import { setDigest } from "./plan/set-record.ts";
import { anAgent, aSet } from "./testdata/fixtures.ts";
import { createModelAgent } from "./testdata/model-agent.ts";

const agents = [anAgent("desk"), anAgent("loft"), anAgent("rack")];

function createAgents(): {
  readonly of: (name: string) => ReturnType<typeof createModelAgent>;
  readonly connect: (agent: { readonly name: string }) => ReturnType<typeof createModelAgent>;
} {
  const all = new Map(agents.map(({ name }) => [name, createModelAgent(name)]));
  const of = (name: string): ReturnType<typeof createModelAgent> => all.get(name)!;
  return { of, connect: ({ name }) => of(name) };
}

suite("observe", () => {
  test("asks every agent once, at the same time", async () => {
    const { of, connect } = createAgents();
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const { name } of agents) {
      const snapshot = of(name).snapshot;
      of(name).snapshot = async (...args) => {
        if (++asked === agents.length) resolve();
        await promise;
        return snapshot(...args);
      };
    }
    const answers = await observe({ agents, stack: "shop", connect });
    assert.deepEqual(
      answers.map(({ observation }) => observation?.host.agentId),
      ["id-desk", "id-loft", "id-rack"],
    );
    assert.equal(asked, 3);
  });

  test("what goes wrong with one is its diagnostic, in its place", async () => {
    const { of } = createAgents();
    const told: string[] = [];
    const answers = await observe({
      agents,
      stack: "shop",
      connect: ({ name }) => {
        if (name === "loft") throw problem("PERMISSION", "no certificate");
        of("rack").isReachable = false;
        return of(name);
      },
      onAnswer: ({ agent }) => told.push(agent.name),
    });
    assert.deepEqual(
      answers.map(({ agent, problem: found }) => [agent.name, found?.code, found?.agent]),
      [
        ["desk", undefined, undefined],
        ["loft", "PERMISSION", "loft"],
        ["rack", "AGENT_UNREACHABLE", "rack"],
      ],
    );
    assert.deepEqual(answers[1]!.problem?.at, agents[1]!.at);
    assert.deepEqual(told.sort(), ["desk", "loft", "rack"]);
  });

  test("only the caller's own signal is thrown", async () => {
    const { connect } = createAgents();
    await assert.rejects(
      observe({ agents, stack: "shop", connect: (agent) => (stop.abort(new Error("enough")), connect(agent)), signal: stop.signal }),
      { message: "enough" },
    );
  });
  const stop = new AbortController();

  const full = aSet(["desk/web", "loft/db"], ["rack"]);
  const record = { ...full, digest: setDigest(full) };

  test("the members of the record are not asked for while every home is in reach", async () => {
    const { of, connect } = createAgents();
    for (const { name } of agents) of(name).set = record;
    const answers = await observe({ agents, stack: "shop", connect });
    assert.deepEqual(
      answers.map(({ observation }) => observation?.set?.members.length),
      [0, 0, 0],
    );
    assert.deepEqual(
      agents.map(({ name }) => of(name).snapshots),
      [1, 1, 1],
    );
  });

  test("with a home out of reach one holder is asked, and the next when it has gone silent", async () => {
    const { of, connect } = createAgents();
    for (const { name } of agents) of(name).set = record;
    of("loft").isReachable = false;
    const snapshot = of("desk").snapshot;
    of("desk").snapshot = async (stack, options) => {
      if (options?.setDigestOnly !== true) throw problem("AGENT_UNREACHABLE", "gone meanwhile");
      return snapshot(stack, options);
    };
    const answers = await observe({ agents, stack: "shop", connect });
    assert.deepEqual(
      answers.map(({ observation }) => observation?.set?.members.map(({ name }) => name)),
      [["web", "db"], undefined, ["web", "db"]],
    );
    assert.deepEqual(
      agents.map(({ name }) => of(name).snapshots),
      [1, 0, 2],
    );
  });

  test("members that nobody tells any more make their holders silent", async () => {
    const { of, connect } = createAgents();
    of("desk").set = record;
    of("loft").isReachable = false;
    const snapshot = of("desk").snapshot;
    of("desk").snapshot = (stack, options) => snapshot(stack, { ...options, setDigestOnly: true });
    const answers = await observe({ agents, stack: "shop", connect });
    assert.deepEqual(
      answers.map(({ problem: found }) => found?.code),
      ["AGENT_PROTOCOL", "AGENT_UNREACHABLE", undefined],
    );
  });
});
