import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { AGENT_CONFIG, findAgentConfig } from "../flow/agent-config.ts";
import { escapeLine } from "../output/escape.ts";
import { plural } from "../output/plan-model.ts";
import type { Session } from "../terminal/session.ts";

const MARKS = { ok: "ok  ", warn: "warn", fail: "FAIL" } as const;

export const agentDoctor: Command = defineCommand({
  description:
    "Looks at this machine and changes nothing: processor, libvirt, QEMU, network, disk space, agent.yaml. Each thing that is missing comes with the command that puts it right. Exits with 1 when a VM could not run here.",
  options: { ...AGENT_CONFIG, ...OUTPUT },
  examples: [
    { run: "ghost agent doctor", does: "can this machine run VMs?" },
    { run: "sudo ghost agent doctor --config /etc/ghost/agent.yaml", does: "as the service's user sees it" },
  ],
  async run({ options }, session) {
    const { examine, isSound } = await import("@ghost/agent/doctor");
    const findings = await examine({ configPath: findAgentConfig(options.config, session), env: session.env });
    for (const finding of findings) {
      session.emit({ type: "finding", ...finding });
      session.print(`${mark(finding.status, session)}  ${escapeLine(finding.detail)}\n`);
      for (const step of finding.fix) session.print(`        ${session.result.style.bold(escapeLine(step))}\n`);
    }
    const sound = isSound(findings);
    const [fails, warnings] = (["fail", "warn"] as const).map((status) => findings.filter((each) => each.status === status).length);
    session.emit({ type: "examined", sound, failed: fails, warnings });
    const rest = warnings === 0 ? "" : `, ${plural(warnings ?? 0, "warning")}`;
    session.print(
      sound ? `\nVMs can run here${rest}.\n` : `\nVMs cannot run here yet: ${plural(fails ?? 0, "thing")} to put right${rest}.\n`,
    );
    return sound ? EXIT.ok : EXIT.error;
  },
});

function mark(status: keyof typeof MARKS, { result: { style } }: Session): string {
  const text = MARKS[status];
  return status === "ok" ? style.dim(text) : style.bold(text);
}
