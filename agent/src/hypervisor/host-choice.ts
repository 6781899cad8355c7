/*
 * Which host an agent drives. Its records are of one host: taken to another one, every VM would be missing there, and
 * the next plan would make them anew.
 *
 * (1) What is configured holds, unless the data folder keeps VMs or templates of the other kind: then the agent does not start.
 * (2) `auto` stays with what the folder was used with: a libvirt that is not up yet at boot is waited for, not simulated.
 * (3) `auto` on a new folder, or on one of a simulated host that never had anything, takes libvirt where its socket is. One
 *     that does not let us in or hangs counts as there: the reason is told then, and nothing is simulated in silence.
 */
import { problem } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BoundHost } from "../store/store.ts";

export interface HostChoice {
  readonly wanted: AgentConfig["hypervisor"];
  readonly bound: BoundHost | undefined;
  /** VMs and templates on record. */
  readonly recordCount: number;
  readonly dataDir: string;
  /** Its socket is, whether it lets us in or not. */
  readonly isLibvirtThere: boolean;
}

/** AGENT_START by (1). */
export function chooseHost({ wanted, bound, recordCount, dataDir, isLibvirtThere }: HostChoice): BoundHost["kind"] {
  if (wanted === "auto") {
    if (bound?.kind === "libvirt" || (bound?.kind === "simulated" && recordCount > 0)) return bound.kind;
    return isLibvirtThere ? "libvirt" : "simulated";
  }
  if (bound === undefined || bound.kind === wanted || recordCount === 0) return wanted;
  throw problem(
    "AGENT_START",
    `The data folder ${dataDir} keeps ${recordCount} VMs and templates of a ${bound.kind} host, and hypervisor is ${wanted}: there, all of them would be missing.`,
    {
      hint:
        wanted === "libvirt"
          ? "Give the libvirt host a data_dir of its own; or destroy what the simulated host has first."
          : `Set hypervisor: ${bound.kind}; a simulated host needs a data_dir of its own.`,
      path: ["hypervisor"],
    },
  );
}

/** The same libvirt and the same folder of disks as before, as far as there is something to lose. AGENT_START otherwise. */
export function requireSamePlace(
  next: BoundHost,
  { bound, recordCount, dataDir }: Pick<HostChoice, "bound" | "recordCount" | "dataDir">,
  isThere: (folder: string) => boolean,
): void {
  if (bound?.kind !== "libvirt" || next.kind !== "libvirt" || recordCount === 0) return;
  if (bound.uri !== undefined && bound.uri !== next.uri)
    throw problem(
      "AGENT_START",
      `The data folder ${dataDir} keeps VMs of the libvirt at ${bound.uri}, and libvirt.uri is ${next.uri}: there, all of them would be missing.`,
      { hint: `Set libvirt.uri: ${bound.uri}; another libvirt needs an agent with a data_dir of its own.`, path: ["libvirt", "uri"] },
    );
  if (bound.diskDir !== undefined && bound.diskDir !== next.diskDir && isThere(bound.diskDir))
    throw problem(
      "AGENT_START",
      `The disks of this agent's VMs are in ${bound.diskDir}, and by data_dir and libvirt.storage_pool they are to be in ${next.diskDir}. The agent would not find them.`,
      {
        hint: "Set data_dir and libvirt.storage_pool back to what they were; VMs cannot be moved to another folder by configuration.",
        path: ["libvirt", "storage_pool"],
      },
    );
}
