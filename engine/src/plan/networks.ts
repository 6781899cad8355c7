import type { Diagnostic } from "@ghost/schemas";
import { createSuggest, didYouMean } from "../spec/suggest.ts";
import type { Host } from "./fleet.ts";
import { at } from "./locate.ts";
import type { Draft } from "./steps.ts";

/** User-mode networking is no network of the host, and always there. */
const USER = "user";

/** Refuses networks and bridges that the host does not have, where a card is to be plugged into one. */
export function checkNetworks(host: Host, drafts: readonly Draft[]): Diagnostic[] {
  const { networks: told } = host.observation.host;
  if (told === undefined) return [];
  const has = { network: [...told.networks, USER], bridge: told.bridges };
  const suggest = createSuggest();
  return drafts.flatMap((draft) =>
    pluggedCards(draft).flatMap(([card, plug]): Diagnostic[] => {
      const kind = plug.bridge === undefined ? "network" : "bridge";
      const name = plug[kind];
      // Of a value that is not known yet there is nothing to say.
      if (typeof name !== "string" || has[kind].includes(name)) return [];
      const vm = draft.step.body.name;
      const what = told[`${kind}s`];
      const meant = didYouMean(suggest(name, what));
      return [
        {
          code: "NETWORK_UNKNOWN",
          severity: "error",
          detail: `The card "${card}" of VM "${vm}" is to be on the ${kind} "${name}", which agent "${host.agent.name}" does not have: it has ${what.length === 0 ? "none" : what.join(", ")}.`,
          hint: `${meant === undefined ? "" : `${meant} `}Make it on the host (${kind === "network" ? "virsh net-define" : "in its network configuration"}), or give the card another one.`,
          path: ["vms", vm, "networks", card, kind],
          ...at(draft.vm, ["networks", card, kind]),
          agent: host.agent.name,
        },
      ];
    }),
  );
}

/** The cards that a step plugs in, or into something else. */
function pluggedCards({ step, existing }: Draft): readonly [string, { readonly network?: unknown; readonly bridge?: unknown }][] {
  const cards = Object.entries(step.body.vm?.networks ?? {});
  if (existing === undefined || existing.phase !== "ready") return step.body.action === "create" ? cards : [];
  const changed = new Set(step.changes.flatMap(({ path: [attribute, card] }) => (attribute === "networks" ? [card] : [])));
  return cards.filter(([card]) => changed.has(card));
}
