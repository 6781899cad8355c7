import type { CloudInit } from "@ghost/engine";
import { createSuggest, didYouMean, renderCloudInit } from "@ghost/engine";
import type { Attribute } from "@ghost/schemas";
import { GhostError, vm } from "@ghost/schemas";
import { FunctionError } from "../../protocol6/provider.ts";
import type { ProviderFunction } from "../../protocol6/provider.ts";
import { Decimal, Dynamic, hasUnknown, UNKNOWN } from "../../protocol6/value.ts";
import type { Value, Values } from "../../protocol6/value.ts";

const { packages, user_data, password } = vm.attributes.cloud_init.attributes;
/** What may be given, each with the definition whose limits hold. */
const ATTRIBUTES: Readonly<Record<keyof CloudInit, Attribute>> = {
  hostname: vm.attributes.name,
  packages,
  ssh_keys: vm.attributes.ssh_keys,
  user_data,
  password,
};
const NAMES = Object.keys(ATTRIBUTES);
type TextAttribute = Extract<Attribute, { readonly kind: "string" }>;

/** `render_cloud_init(setup)`. */
export const renderCloudInitFunction: ProviderFunction = {
  schema: {
    summary: "The user-data of a guest",
    description: [
      "Gives the text that Ghost makes of a VM's `ssh_keys` and `cloud_init`: to look at it in a plan or an output, or to hand it to a machine that Ghost does not make. The same values give the same text.",
      "",
      "`user_data` is merged last. Where it and another value set the same key, maps are joined key by key, lists are the other value's items with those of `user_data` behind (nothing twice), and of everything else `user_data` counts. When it is no cloud-config but a script (`#!`) or another form that cloud-init tells by its first line, the result is a multi-part text of both.",
      "",
      "A password is in the result in plain text, and so in the state of whatever is given it: for a VM of Ghost use `password_wo`, which is stored nowhere. Top-level SSH keys are for the image's default user, which is only there if own `users` list `default` too.",
    ].join("\n"),
    parameters: [
      {
        name: "setup",
        // Not an object type: each of its attributes would have to be given, and what it does not have would be dropped without a word.
        type: "dynamic",
        description:
          "An object with any of `hostname`, `packages`, `ssh_keys`, `user_data` and `password`. Null is the same as leaving it out.",
      },
    ],
    returns: "string",
  },
  async call([argument]) {
    const setup = argument instanceof Dynamic ? argument.value : (argument ?? null);
    if (hasUnknown(setup)) return UNKNOWN;
    try {
      return await renderCloudInit(toSetup(setup));
    } catch (reason) {
      if (!(reason instanceof GhostError)) throw reason;
      const [{ detail, hint }] = reason.diagnostics;
      throw refusal(detail, hint);
    }
  },
};

function toSetup(given: Value): CloudInit {
  if (typeof given !== "object" || given === null || Array.isArray(given) || given instanceof Decimal)
    throw refusal("The argument is not an object.", 'Give { hostname = "web", packages = ["nginx"] } or the like.');
  const setup: Record<string, Value> = {};
  for (const [name, value] of Object.entries(given as Values)) {
    if (!Object.hasOwn(ATTRIBUTES, name))
      throw refusal(
        `There is no ${JSON.stringify(name)} here.`,
        didYouMean(createSuggest()(name, NAMES)) ?? `It takes ${NAMES.join(", ")}.`,
      );
    if (value === null) continue;
    const problem = findProblem(ATTRIBUTES[name as keyof CloudInit], value);
    if (problem !== undefined) throw refusal(`${name} ${problem}.`);
    setup[name] = value;
  }
  return setup as CloudInit;
}

/** A clause; a value is in none of them, since each of them may be a secret. */
function findProblem(attribute: Attribute, value: Value): string | undefined {
  if (attribute.kind !== "list") return findTextProblem(attribute as TextAttribute, value);
  if (!Array.isArray(value)) return "must be a list of texts";
  for (const [at, item] of value.entries()) {
    const problem = findTextProblem(attribute.of as TextAttribute, item);
    if (problem !== undefined) return `[${at}] ${problem}`;
  }
  return undefined;
}

function findTextProblem({ pattern, patternDoc, maxLength }: TextAttribute, value: Value): string | undefined {
  if (typeof value !== "string") return "must be a text";
  if (maxLength !== undefined && Array.from(value).length > maxLength) return `is longer than ${maxLength} characters`;
  return pattern === undefined || new RegExp(pattern, "u").test(value) ? undefined : `must be ${patternDoc}`;
}

function refusal(detail: string, hint?: string): FunctionError {
  return new FunctionError(hint === undefined ? detail : `${detail} ${hint}`, 0);
}
