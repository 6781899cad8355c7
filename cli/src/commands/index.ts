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

const VERSION: CommandEntry = { name: "version", summary: "print the version", load: async () => (await import("./version.ts")).version };

export const COMMANDS: readonly CommandEntry[] = [
  { name: "init", summary: "write a commented ghost.yaml", load: async () => (await import("./init.ts")).init },
  ...VM_COMMANDS,
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
