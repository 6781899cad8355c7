import { problem } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Hypervisor } from "./driver.ts";

/** Opens the hypervisor that the configuration names. AGENT_START when this agent cannot drive it. */
export async function openHypervisor({
  hypervisor,
  dataDir,
  simulated,
}: Pick<AgentConfig, "hypervisor" | "dataDir" | "simulated">): Promise<Hypervisor> {
  switch (hypervisor) {
    case "libvirt":
      throw problem("AGENT_START", "This release of the agent has no libvirt driver.", {
        hint: "Set hypervisor: simulated in agent.yaml.",
      });
    case "auto":
    case "simulated": {
      const { openSimulatedHypervisor } = await import("./simulated/driver.ts");
      return openSimulatedHypervisor({ dir: dataDir, total: simulated });
    }
  }
}
