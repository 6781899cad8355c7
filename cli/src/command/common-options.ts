/** Options that many commands share, so that one name means one thing. */

/** Commands whose result is not told as JSON. */
export const TERMINAL = {
  "no-tty": { kind: "boolean", doc: "Behave as without a terminal: plain lines, no questions." },
  "no-color": { kind: "boolean", doc: "Print without colours." },
} as const;

/** Every command has these. */
export const OUTPUT = {
  json: { kind: "boolean", doc: "Print one JSON object per line on stdout and nothing else." },
  "json-into": { kind: "string", value: "FILE", doc: "Write the JSON lines into a file, beside the usual output." },
  ...TERMINAL,
} as const;

/** Commands that read a spec. */
export const SPEC = {
  file: {
    kind: "strings",
    alias: "f",
    value: "PATH",
    doc: "Spec: a file, a folder, or - for stdin; ghost.yaml of this folder when not given.",
  },
  var: { kind: "strings", value: "NAME=VALUE", doc: "Value of a variable." },
  "var-file": { kind: "strings", value: "FILE", doc: "YAML or JSON file with values of variables." },
} as const;

/** Commands that ask agents. */
export const CALLS = {
  timeout: {
    kind: "duration",
    value: "TIME",
    doc: "How long an agent may take to answer, like 30s or 5m; otherwise timeout_s of the agent.",
  },
} as const;

/** Commands that change something. */
export const LIMITS = {
  "max-impact": { kind: "impact", value: "IMPACT", doc: "Refuse the whole plan when a step is worse than this." },
  "max-destroy": { kind: "integer", value: "N", doc: "Refuse the whole plan when it deletes more than this many VMs." },
} as const;

export const PARTIAL = {
  partial: { kind: "boolean", doc: "Go on when agents cannot be reached: their objects stay unknown, and the exit code is 3." },
} as const;

/** Commands that can be about a part of the stack. */
export const TARGETS = {
  target: { kind: "strings", value: "NAME", doc: "Only this VM, or all replicas of this block, and what they depend on." },
  exclude: { kind: "strings", value: "NAME", doc: "Not this VM or block." },
} as const;

export const APPLYING = {
  ...LIMITS,
  yes: { kind: "boolean", alias: "y", doc: "Do not ask." },
  ...PARTIAL,
  parallel: { kind: "integer", min: 1, value: "N", doc: "How many steps run at once on all agents together; 32 when not given." },
} as const;
