/** Every verb: where it is, and the clause that help says of it. A verb is loaded only when it is run. */
import type { CommandEntry } from "../command/command.ts";

const VM_COMMANDS: readonly CommandEntry[] = [
  { name: "vm create", summary: "make and start a VM on one agent", load: async () => (await import("./vm.ts")).vmCreate },
  { name: "vm delete", summary: "delete a VM and its disks", load: async () => (await import("./vm.ts")).vmDelete },
  { name: "vm start", summary: "start a stopped VM", load: async () => (await import("./vm.ts")).vmStart },
  { name: "vm stop", summary: "shut a VM down, or power it off", load: async () => (await import("./vm.ts")).vmStop },
  { name: "vm status", summary: "what a VM has and uses", load: async () => (await import("./vm.ts")).vmStatus },
  { name: "vm list", summary: "list the VMs of one agent", load: async () => (await import("./vm.ts")).vmList },
];

/** What the original has no command for. */
const VM_ACTS: readonly CommandEntry[] = [
  { name: "vm restart", summary: "shut a VM down and start it again", load: async () => (await import("./vm-acts.ts")).vmRestart },
  { name: "vm suspend", summary: "let a VM stand still", load: async () => (await import("./vm-acts.ts")).vmSuspend },
  { name: "vm resume", summary: "let a suspended VM go on", load: async () => (await import("./vm-acts.ts")).vmResume },
  {
    name: "vm console",
    summary: "sit at a VM's serial console",
    load: async () => (await import("./vm-console.ts")).vmConsole,
  },
  {
    name: "vm logs",
    summary: "print what a VM wrote on its console",
    load: async () => (await import("./vm-logs.ts")).vmLogs,
  },
  {
    name: "vm ssh",
    summary: "run ssh to a VM",
    load: async () => (await import("./vm-ssh.ts")).vmSsh,
  },
  { name: "vm snapshot", summary: "keep what a VM is, and go back to it", load: async () => (await import("./vm-snapshot.ts")).vmSnapshot },
];

const VERSION: CommandEntry = { name: "version", summary: "print the version", load: async () => (await import("./version.ts")).version };

export const COMMANDS: readonly CommandEntry[] = [
  { name: "init", summary: "write a commented ghost.yaml", load: async () => (await import("./init.ts")).init },
  { name: "validate", summary: "check a spec", load: async () => (await import("./of-stack.ts")).validate },
  { name: "fmt", summary: "lay the files of a spec out in one way", load: async () => (await import("./of-stack.ts")).fmt },
  { name: "render", summary: "print the spec as the planner sees it", load: async () => (await import("./of-stack.ts")).render },
  { name: "export", summary: "print a spec of what is live", load: async () => (await import("./of-stack.ts")).exportCommand },
  {
    name: "plan",
    summary: "say what would change, and what that does to each machine",
    load: async () => (await import("./of-stack.ts")).plan,
  },
  { name: "show", summary: "show a saved plan", load: async () => (await import("./of-stack.ts")).show },
  { name: "graph", summary: "draw the order of a plan's steps", load: async () => (await import("./of-stack.ts")).graph },
  { name: "apply", summary: "do what the spec or a saved plan says", load: async () => (await import("./of-stack.ts")).apply },
  { name: "destroy", summary: "delete everything that the stack owns", load: async () => (await import("./of-stack.ts")).destroy },
  { name: "status", summary: "list all VMs and how they stand to the spec", load: async () => (await import("./of-stack.ts")).status },
  { name: "drift", summary: "list what was changed behind Ghost's back", load: async () => (await import("./of-stack.ts")).drift },
  { name: "adopt", summary: "take over VMs of nobody or of others", load: async () => (await import("./of-stack.ts")).adopt },
  { name: "release", summary: "give VMs up and leave them running", load: async () => (await import("./of-stack.ts")).release },
  { name: "forget", summary: "give up what a lost host had", load: async () => (await import("./of-stack.ts")).forget },
  { name: "op list", summary: "list operations of the agents", load: async () => (await import("./of-stack.ts")).opList },
  { name: "op attach", summary: "follow an operation to its end", load: async () => (await import("./of-stack.ts")).opAttach },
  { name: "op cancel", summary: "stop an operation at its next safe point", load: async () => (await import("./of-stack.ts")).opCancel },
  { name: "agent run", summary: "run an agent", load: async () => (await import("./agent-run.ts")).agentRun },
  { name: "agent stop", summary: "stop embedded agents", load: async () => (await import("./agent-stop.ts")).agentStop },
  {
    name: "agent doctor",
    summary: "check whether this machine can run VMs",
    load: async () => (await import("./agent-doctor.ts")).agentDoctor,
  },
  {
    name: "agent install",
    summary: "write the service that runs the agent",
    load: async () => (await import("./agent-install.ts")).agentInstall,
  },
  {
    name: "agent prune",
    summary: "remove images that nothing uses",
    load: async () => (await import("./agent-prune.ts")).agentPrune,
  },
  {
    name: "agent sim",
    summary: "change a simulated host behind its agent's back",
    load: async () => (await import("./agent-sim.ts")).agentSim,
  },
  ...VM_COMMANDS,
  ...VM_ACTS,
  {
    name: "provider install",
    summary: "put the Terraform provider where Terraform finds it",
    load: async () => (await import("./provider-install.ts")).providerInstall,
  },
  { name: "schema", summary: "print JSON Schemas", load: async () => (await import("./schema.ts")).schema },
  {
    name: "completion",
    summary: "print a script that completes commands in a shell",
    load: async () => (await import("./completion.ts")).completion,
  },
  VERSION,
];

/** The original's own program: its commands, and its name. */
export const GHOSTCTL_COMMANDS: readonly CommandEntry[] = [...VM_COMMANDS, VERSION];
