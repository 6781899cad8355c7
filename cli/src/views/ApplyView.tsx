/** The live view of an apply: ended steps scroll away above, hosts and running steps stay below. */
import { useEffect, useState } from "react";
import type { JSX } from "react";
import { Box, Static, Text } from "ink";
import { escapeLine } from "../output/escape.ts";
import { stepObject, SYMBOLS } from "../output/plan-model.ts";
import { IMPACT_FORMAT } from "../output/style.ts";
import type { AgentProgress, ApplyState, Outcome, StepState } from "../progress/state.ts";
import { doingWords, OUTCOME_SIGNS, outcomeWords, progressSentence, stepName, stepTime } from "../progress/words.ts";

export interface ApplyViewProps {
  readonly state: ApplyState;
  readonly now: () => number;
  /** Rows of the terminal: the live part never takes more, or the terminal could not redraw it. */
  readonly rows: number;
  /** How often the view looks at the state; 0 draws once, for tests. */
  readonly intervalMs?: number;
}

const OUTCOME_COLOR: Readonly<Record<Outcome, string>> = {
  done: "green",
  already: "green",
  failed: "red",
  skipped: "yellow",
  cancelled: "yellow",
  left: "yellow",
};
/** Rows that are no hosts or steps: the empty one, what is left out, the sentence, the way out, and one to spare. */
const FRAME_ROWS = 5;

export function ApplyView({ state, now, rows, intervalMs = 100 }: ApplyViewProps): JSX.Element {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (intervalMs === 0) return undefined;
    const timer = setInterval(() => redraw((count) => count + 1), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);

  const nowMs = now();
  const tree = treeRows(state);
  const shown = tree.slice(0, Math.max(1, rows - FRAME_ROWS));
  const hidden = tree.length - shown.length;
  return (
    <>
      <Static items={state.ended.slice()}>{(step) => <EndedStep key={step.step.id} step={step} nowMs={nowMs} />}</Static>
      <Box flexDirection="column" marginTop={1}>
        {shown.map((row) =>
          "step" in row ? (
            <RunningStep key={row.step.step.id} step={row.step} nowMs={nowMs} />
          ) : (
            <Host key={row.agent.name} agent={row.agent} />
          ),
        )}
        {hidden > 0 ? <Text dimColor>{`… and ${hidden} more`}</Text> : null}
        <Text bold wrap="truncate-end">
          {progressSentence(state, nowMs)}
        </Text>
        <Text dimColor wrap="truncate-end">
          {state.stopping ? "Nothing new is started. Ctrl-C again leaves what runs to itself." : "Ctrl-C starts nothing new."}
        </Text>
      </Box>
    </>
  );
}

type Row = { readonly agent: AgentProgress } | { readonly step: StepState };

/** Hosts that are not done, each with what runs there; hosts where something runs come first. */
function treeRows(state: ApplyState): Row[] {
  const running = Map.groupBy(state.running.values(), ({ step }) => step.agent);
  const open = state.agents.filter(({ ended, total }) => ended < total);
  const order = [...open.filter(({ name }) => running.has(name)), ...open.filter(({ name }) => !running.has(name))];
  return order.flatMap((agent): Row[] => [{ agent }, ...(running.get(agent.name) ?? []).map((step) => ({ step }))]);
}

function Host({ agent }: { readonly agent: AgentProgress }): JSX.Element {
  return (
    <Text wrap="truncate-end">
      <Text bold>{escapeLine(agent.name)}</Text>
      <Text dimColor>{`  ${agent.ended} of ${agent.total}`}</Text>
      {agent.failed > 0 ? <Text color="red">{`, ${agent.failed} failed`}</Text> : null}
    </Text>
  );
}

function RunningStep({ step, nowMs }: { readonly step: StepState; readonly nowMs: number }): JSX.Element {
  const { body, impact } = step.step;
  return (
    <Text wrap="truncate-end">
      <Text color={body.action === "create" ? "green" : IMPACT_FORMAT[impact]}>{`  ${SYMBOLS[body.action]} `}</Text>
      {stepObject(step.step)}
      <Text dimColor>{`  ${stepTime(step, nowMs)}  ${doingWords(step)}`}</Text>
    </Text>
  );
}

function EndedStep({ step, nowMs }: { readonly step: StepState; readonly nowMs: number }): JSX.Element {
  const { outcome = "done" } = step;
  const time = stepTime(step, nowMs);
  return (
    <Text>
      <Text color={OUTCOME_COLOR[outcome]}>{OUTCOME_SIGNS[outcome]}</Text>
      {` ${stepName(step)} ${outcomeWords(step)}`}
      <Text dimColor>{time === "" ? "" : `  ${time}`}</Text>
    </Text>
  );
}
