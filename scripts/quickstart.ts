/**
 * The quickstart: validates, plans and applies examples/quickstart on simulated hosts, then changes it and plans
 * again, so that a reader sees what a plan says. Every step is a command that a person can type.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { say, sayCommand, title } from "./quickstart/tell.ts";

const root = path.resolve(import.meta.dirname, "..");
const spec = path.relative(process.cwd(), path.join(root, "examples/quickstart")) || ".";
const bin = path.join(root, "cli/bin/ghost.js");
const startedAt = performance.now();

/** Runs `ghost ARGS` in the reader's terminal and ends the quickstart when it fails in a way that was not expected. */
function ghost(args: readonly string[], expected: readonly number[] = [0]): void {
  sayCommand(["npx", "ghost", ...args]);
  const { status, error } = spawnSync(process.execPath, [bin, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  if (error) throw error;
  if (!expected.includes(status ?? -1)) {
    say(`\nThe quickstart stops here: the command above ended with ${status}.`);
    process.exit(1);
  }
}

say("Ghost quickstart. The two hosts of this example are SIMULATED: nothing is installed, no virtual machine is");
say(`really made, and everything they keep is in ${path.join(spec, ".ghost")}.`);

title("1. Check the spec; no host is asked");
ghost(["validate", "-f", spec]);

title("2. Plan: what would change, and what that does to each running machine");
ghost(["plan", "-f", spec]);

title("3. Apply");
ghost(["apply", "-f", spec, "--yes"]);

title("4. What is there now");
ghost(["status", "-f", spec]);

title("5. Plan again: nothing to do");
ghost(["plan", "-f", spec, "--detailed-exitcode"]);

title("6. Change some values and plan: each change says what it does to the running machine");
ghost(["plan", "-f", spec, "--var", "web_ram_gb=6", "--var", "db_vcpu=12", "--var", "db_vcpu_max=16", "--var", "web_count=1"]);

title("7. Somebody changes a machine behind our back: that is drift");
ghost(["agent", "sim", "set", "desk/web-1", "ram_gb=2", "-f", spec]);
ghost(["plan", "-f", spec]);
ghost(["apply", "-f", spec, "--yes"]);

title(`Done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Where to go from here`);
say(`  edit the spec           ${path.join(spec, "ghost.yaml")}, then: npx ghost plan -f ${spec}
  apply it, with a question   npx ghost apply -f ${spec}
  every command           npx ghost --help
  getting started         docs/getting-started.md
  a real agent            give the agent's address in the spec: desk.example:9090 with tls, or unix:/run/ghost/agent.sock;
                          docs/agent.md tells how to run one
  clean up                npx ghost agent stop -f ${spec} && rm -r ${path.join(spec, ".ghost")}`);
