import assert from "node:assert/strict";
import { test } from "node:test";
import { Probe } from "./probe.ts";
import { FAKE_CONFIG, FakeLibvirt } from "./testdata/fake-libvirt.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const SOON_MS = 20;
const NEVER_MS = 2 ** 30;

test("a question that is late holds up nobody, and is not asked again before it was answered", async () => {
  const answers: (() => void)[] = [];
  const libvirt = new FakeLibvirt({
    REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS: async () => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return { retStats: [] };
    },
  });
  const probe = new Probe(libvirt);
  assert.equal(await probe.statistics(["cpu"], [], SOON_MS), undefined);
  assert.equal(await probe.statistics(["cpu"], [], NEVER_MS), undefined);
  assert.equal(answers.length, 1);
  answers[0]?.();
  await new Promise(setImmediate);
  const again = probe.statistics(["cpu"], [], NEVER_MS);
  await new Promise(setImmediate);
  answers[1]?.();
  assert.deepEqual(await again, []);
});

test("questions come one after the other, and one that fails is no reason not to ask the next", async () => {
  let inFlight = 0;
  let isFailing = true;
  const libvirt = new FakeLibvirt({
    REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS: async () => {
      assert.equal(++inFlight, 1);
      await new Promise(setImmediate);
      inFlight--;
      if (isFailing) throw new Error("lost");
      return { retStats: [] };
    },
  });
  libvirt.domains.set(UID, { config: FAKE_CONFIG });
  const probe = new Probe(libvirt);
  const first = probe.statistics(["cpu"], [], NEVER_MS);
  const second = probe.statistics(["cpu"], [], NEVER_MS);
  await assert.rejects(first, /lost/);
  isFailing = false;
  assert.deepEqual(await second, []);
});
