import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { testHypervisor } from "../contract.ts";
import type { ContractSubject } from "../contract.ts";
import { openSimulatedHypervisor } from "./driver.ts";

testHypervisor("simulated in memory", { persistent: false }, async (t: TestContext): Promise<ContractSubject> => {
  const hypervisor = openSimulatedHypervisor();
  t.after(() => hypervisor[Symbol.asyncDispose]());
  return { hypervisor, image: "debian-12", reopen: async () => hypervisor };
});

testHypervisor("simulated in a folder", { persistent: true }, async (t: TestContext): Promise<ContractSubject> => {
  const dir = await mkdtemp(join(tmpdir(), "ghost-sim-"));
  const hypervisor = openSimulatedHypervisor({ dir });
  t.after(async () => {
    await hypervisor[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  return { hypervisor, image: "debian-12", reopen: async () => openSimulatedHypervisor({ dir }) };
});
