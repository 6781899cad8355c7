import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { HostCalls } from "@ghost/engine";
import { problem } from "@ghost/schemas";
import { aLiveVm, anAgent, anAnswer } from "../../../../engine/src/testdata/fixtures.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { hasError, toTerraform } from "./diagnostics.ts";
import { createLimit } from "./limit.ts";
import type { ProviderSettings } from "./session.ts";
import { Session } from "./session.ts";

const SETTINGS: ProviderSettings = {
  stack: "shop",
  agents: [anAgent("desk"), anAgent("rack")],
  unknownAgents: new Set(["later"]),
  maxImpact: "live",
};

function sessionOf(snapshot: (agent: string) => ReturnType<HostCalls["snapshot"]>): Session {
  const session = new Session("0.1.0", ({ name }) => ({ snapshot: () => snapshot(name) }) as unknown as HostCalls);
  session.begin(SETTINGS);
  return session;
}

suite("a walk", () => {
  test("asks an agent once, whoever asks and however often at the same time; the next walk asks again", async () => {
    let asked = 0;
    const session = sessionOf(async (name) => (asked++, anAnswer(name)));
    const desk = session.walk.agents.get("desk")!;
    await Promise.all([desk.observe(), desk.observe(), desk.observe()]);
    await desk.observe();
    assert.equal(asked, 1);
    session.begin(SETTINGS);
    await session.walk.agents.get("desk")!.observe();
    assert.equal(asked, 2);
  });

  test("waits for a silent agent once", async () => {
    let asked = 0;
    const session = sessionOf(async () => {
      asked++;
      throw problem("AGENT_TIMEOUT", "too late");
    });
    const desk = session.walk.agents.get("desk")!;
    const answers = await Promise.all([desk.observe(), desk.observe()]);
    assert.deepEqual(
      answers.map((answer) => [answer.problem?.code, answer.problem?.agent]),
      [
        ["AGENT_TIMEOUT", "desk"],
        ["AGENT_TIMEOUT", "desk"],
      ],
    );
    assert.equal(asked, 1);
  });

  test("who gives up does not make the others wait in vain", async () => {
    const stop = new AbortController();
    let asked = 0;
    const session = sessionOf(async (name) => {
      if (asked++ > 0) return anAnswer(name);
      stop.abort();
      throw new Error("aborted");
    });
    const desk = session.walk.agents.get("desk")!;
    const first = desk.observe(stop.signal);
    const second = desk.observe(new AbortController().signal);
    await assert.rejects(first);
    assert.equal((await second).observation?.host.name, "desk");
  });

  test("knows what was done, without asking again", async () => {
    let asked = 0;
    const session = sessionOf(async (name) => (asked++, anAnswer(name, [aLiveVm("web"), aLiveVm("db")])));
    const desk = session.walk.agents.get("desk")!;
    await desk.observe();
    desk.keep(aLiveVm("new"));
    desk.keep(aLiveVm("web", { ram_gb: 8 }));
    desk.drop("uid-db");
    const { observation } = await desk.observe();
    assert.deepEqual(
      observation?.vms.map(({ name, live }) => [name, live.ram_gb]),
      [
        ["new", 1],
        ["web", 8],
      ],
    );
    desk.forget();
    await desk.observe();
    assert.equal(asked, 2);
  });

  test("two names of one agent are told", async () => {
    const session = sessionOf(async () => anAnswer("one"));
    assert.equal((await session.walk.agents.get("desk")!.observe()).problem, undefined);
    assert.equal((await session.walk.agents.get("rack")!.observe()).problem?.code, "AGENT_DUPLICATE");
  });

  test("finds an agent, or says why not", () => {
    const { walk } = sessionOf(async (name) => anAnswer(name));
    assert.equal(walk.owner, "terraform:shop");
    assert.equal(walk.find("desk").kind, "known");
    assert.equal(walk.find(UNKNOWN).kind, "unknown");
    assert.equal(walk.find("later").kind, "unknown");
    const missing = walk.find("dsk");
    assert.ok(missing.kind === "missing" && missing.diagnostic.hint === 'Did you mean "desk"?');
  });
});

suite("createLimit", () => {
  test("runs so many at once, in the order in which they came, and goes on after a failure", async () => {
    const limit = createLimit(2);
    const order: number[] = [];
    let [running, most] = [0, 0];
    const results = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((number) =>
        limit(async () => {
          most = Math.max(most, ++running);
          order.push(number);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          if (number === 2) throw new Error("no");
        }),
      ),
    );
    assert.deepEqual([most, order, results.filter(({ status }) => status === "rejected").length], [2, [1, 2, 3, 4, 5], 1]);
  });
});

suite("toTerraform", () => {
  for (const [path, want] of [
    [
      ["vms", "web", "disks", "data"],
      ["disks", "data"],
    ],
    [["vms", "web"], undefined],
    [["desk/vm/web"], undefined],
    [["agent"], ["agent"]],
    [
      ["agents", "desk", "address"],
      ["agents", "desk", "address"],
    ],
    [undefined, undefined],
  ] as const) {
    test(`${JSON.stringify(path)} is at ${JSON.stringify(want)}`, () => {
      const found = toTerraform({
        code: "VM_EXISTS",
        severity: "error",
        detail: "It is there.",
        hint: "Look.",
        ...(path && { path }),
        agent: "desk",
      });
      assert.deepEqual(found, {
        severity: "error",
        summary: "VM exists [VM_EXISTS]",
        detail: "It is there.\n\nLook.\n\nAgent: desk",
        ...(want && { path: want }),
      });
      assert.ok(hasError([found]));
    });
  }
});
