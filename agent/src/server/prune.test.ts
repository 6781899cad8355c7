import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import { SIMULATED_IMAGES } from "../hypervisor/simulated/images.ts";
import { createIntent, openBench } from "../operations/testdata/workshop.ts";
import { templateRecord } from "../store/testdata/samples.ts";
import { collect, createBody, openServed, planOf } from "./testdata/served.ts";

const digestOf = (name: string): string => SIMULATED_IMAGES.get(name)!.digest;

suite("PruneImages", () => {
  test("keeps what disks and templates stand on, tells the rest, and removes it when told to", async (t) => {
    const served = await openServed(t);
    const { host, hypervisor, store } = served;
    for (const name of ["debian-11", "debian-12", "ubuntu-22.04"]) await hypervisor.ensureImage({ name });
    await served.create({ name: "web", image: "debian-12" });
    await store.write({ template: templateRecord("base", { digest: digestOf("ubuntu-22.04") }) });
    const cached = async (): Promise<readonly string[]> =>
      (await hypervisor.images())
        .filter((image) => image.cached)
        .map((image) => image.name)
        .sort();
    const told = await host.pruneImages({ dryRun: true });
    assert.deepEqual(
      told.removed.map(({ name }) => name),
      ["debian-11"],
    );
    assert.equal(told.bytes, told.removed[0]?.sizeBytes);
    assert.deepEqual(await cached(), ["debian-11", "debian-12", "ubuntu-22.04"]);
    assert.equal((await host.pruneImages()).removed[0]?.digest, digestOf("debian-11"));
    assert.deepEqual(await cached(), ["debian-12", "ubuntu-22.04"]);
    assert.deepEqual(await host.pruneImages(), { removed: [], bytes: 0 });
  });

  test("is refused while an operation runs, whose image may have no disk yet", async (t) => {
    const { host, hypervisor, store, operations } = await openServed(t);
    hypervisor.host.setLatency({ createDisk: 600_000 });
    const [step] = planOf(store.agentId, [createBody({ name: "web" })]);
    const ended = collect(host.execute(step!));
    while ((await host.pruneImages({ dryRun: true })).removed.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(host.pruneImages(), (error: unknown) => error instanceof GhostError && error.diagnostics[0].code === "AGENT_BUSY");
    assert.equal((await hypervisor.images()).filter((image) => image.cached).length, 1);
    operations.cancel(step!.operationId);
    assert.equal((await ended).at(-1)?.state, "cancelled");
    assert.equal((await host.pruneImages()).removed.length, 1);
  });

  test("lets operations wait that are asked for meanwhile", async (t) => {
    const bench = openBench(t);
    const { operations } = bench;
    const { promise, resolve } = Promise.withResolvers<void>();
    const alone = operations.alone(() => promise);
    await new Promise((done) => setImmediate(done));
    const operation = bench.run(createIntent({ name: "web" }));
    await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(
      operations.list({ activeOnly: true, limit: 10 }).map(({ state }) => state),
      ["pending"],
    );
    resolve();
    await alone;
    assert.equal((await operation).state, "succeeded");
  });
});
