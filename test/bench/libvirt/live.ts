/** Whether a guest that serves is heard of less while its machine changes. The agent runs from source, behind a proxy: its speed is not looked at. */
import { setTimeout as sleep } from "node:timers/promises";
import { startHost } from "../../machine/support/host.ts";
import type { VmValues } from "../../machine/support/host.ts";
import type { GuestFacts } from "../../machine/support/http.ts";
import { until } from "../../support/ghost.ts";
import type { Report } from "../report.ts";

const GIB = 1024 ** 3;
/** Asked so long before a change and after it. */
const AROUND_MS = 1_000;
const MAC = "52:54:00:be:0c:02";

interface Change {
  readonly name: string;
  /** What the VM has from then on, beside what it had. */
  readonly values: VmValues;
  readonly isDone: (facts: GuestFacts) => boolean;
}

const has = (gib: string, { disks }: GuestFacts): boolean =>
  disks
    .map(({ bytes }) => bytes / GIB)
    .filter((size) => size >= 1)
    .join() === gib;
const hasCard = ({ nics }: GuestFacts): boolean => nics.some(({ mac }) => mac === MAC);

const CHANGES: readonly Change[] = [
  { name: "a processor is added", values: { vcpu: 2 }, isDone: ({ cpusOnline }) => cpusOnline === 2 },
  { name: "memory is added", values: { ram_gb: 2 }, isDone: ({ memoryKib }) => memoryKib * 1024 > 1.5 * GIB },
  { name: "memory is taken", values: { ram_gb: 1 }, isDone: ({ memoryKib }) => memoryKib * 1024 < GIB },
  { name: "the disk grows", values: { disk_gb: 2 }, isDone: (facts) => has("2", facts) },
  { name: "a disk is added", values: { disks: { data: { size_gb: 1 } } }, isDone: (facts) => has("2,1", facts) },
  { name: "a disk is removed", values: { disks: {} }, isDone: (facts) => has("2", facts) },
  { name: "a card is added", values: { networks: { default: {}, lan: { mac: MAC } } }, isDone: hasCard },
  { name: "a card is removed", values: { networks: { default: {} } }, isDone: (facts) => !hasCard(facts) },
];

export async function live(report: Report): Promise<void> {
  await using host = await startHost();
  let values: VmValues = { ram_max_gb: 2, vcpu_max: 2 };
  const apply = async (): Promise<void> => {
    await host.spec({ web: values });
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
  };
  await apply();
  const address = await host.address("web");
  await host.http.page(address);
  for (const { name, values: changed, isDone } of CHANGES) {
    values = { ...values, ...changed };
    const end = await host.http.poll(address);
    await sleep(AROUND_MS);
    await apply();
    await until(async () => isDone(await host.http.facts(address)), `the guest to see that ${name}`);
    await sleep(AROUND_MS);
    const { sent, lost, slowestMs } = await end();
    report.figure({ name: `requests lost while ${name}`, value: lost.length, unit: "requests", target: 0 });
    report.tell(`  of ${sent}, the slowest was answered after ${slowestMs} ms${lost[0] === undefined ? "" : `; ${lost[0]}`}`);
  }
  const { boots } = await host.http.facts(address);
  if (boots !== 1) throw new Error(`the guest has started ${boots} times`);
}
