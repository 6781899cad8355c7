import type { Attributes } from "./resource.ts";
import { NAME_DOC, NAME_PATTERN } from "./resources/vm.ts";

/** The version that `ghost:` names in a spec file. */
export const SPEC_VERSION = 1;

/** What a variable may be; its value comes from `--var`, `--var-file`, `GHOST_VAR_name` or its default. */
export const VARIABLE_TYPES = ["string", "integer", "boolean"] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

/** Letters, digits and underscores, so that `GHOST_VAR_name` is an environment variable everywhere. */
export const VARIABLE_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";
export const VARIABLE_NAME_DOC = "1 to 63 letters, digits and underscores, not starting with a digit";

/** Text that holds `${…}` is an expression; any scalar value of a spec may be one. */
export const EXPRESSION_PATTERN = "\\$\\{";

/** Top-level keys of a spec file that are plain values; the blocks (variables, agents, templates, vms) are beside them. */
export const specAttributes = {
  ghost: {
    kind: "integer",
    mode: "required",
    change: "none",
    min: SPEC_VERSION,
    max: SPEC_VERSION,
    doc: "Version of the spec's language.",
  },
  stack: {
    kind: "string",
    mode: "required",
    change: "none",
    pattern: NAME_PATTERN,
    patternDoc: NAME_DOC,
    doc: "Name of the whole; every object that the spec makes belongs to it.",
  },
} as const satisfies Attributes;

/** One variable, without its `default`, whose type is the variable's own. */
export const variableAttributes = {
  type: {
    kind: "string",
    mode: "optional",
    change: "none",
    oneOf: VARIABLE_TYPES,
    default: "string",
    doc: "What the variable holds.",
  },
  description: { kind: "string", mode: "optional", change: "none", doc: "What the variable is for." },
} as const satisfies Attributes;

/** How a spec names a secret: where its value is, and which version of it is meant. */
export const secretAttributes = {
  secret: {
    kind: "string",
    mode: "required",
    change: "none",
    pattern: "^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\\u0000-\\u001f]+)$",
    patternDoc: "env:NAME or file:PATH",
    doc: "Where the value is: an environment variable or a file. It is read before the first step and never stored.",
  },
  version: {
    kind: "integer",
    mode: "required",
    change: "none",
    min: 1,
    doc: "Raise it to apply a new value; the value itself is never compared.",
  },
} as const satisfies Attributes;
