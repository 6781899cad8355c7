/** What is wrong with a spec, and where: every problem at once. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ParseOptions } from "./parse.ts";
import { codesOf, HEAD, parse } from "./testdata/specs.ts";

interface Case {
  readonly name: string;
  /** Below the three lines of HEAD, so that it begins in line 4. */
  readonly text: string;
  readonly want: readonly string[];
  readonly options?: Partial<ParseOptions>;
  /** In the detail or the hint of the first problem. */
  readonly says?: RegExp;
}

const OK = "agent: desk, image: debian-12";

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "keys and types": [
    {
      name: "an unknown key names the nearest",
      text: `vms:\n  web: { ${OK}, ram_bg: 2 }\n`,
      want: ["SPEC_UNKNOWN_KEY@5:41"],
      says: /"ram_gb"/,
    },
    { name: "an unknown key at the top", text: "vm: {}\n", want: ["SPEC_UNKNOWN_KEY@4:1"], says: /"vms"/ },
    {
      name: "a key twice in one block",
      text: `vms:\n  web: { ${OK}, vcpu: 1, vcpu: 2 }\n`,
      want: ["SPEC_DUPLICATE_KEY@5:50"],
      says: /line 5/,
    },
    {
      name: "a block twice",
      text: `vms:\n  web: { ${OK} }\n  web: { ${OK} }\n`,
      want: ["SPEC_DUPLICATE_KEY@6:3"],
      says: /ghost\.yaml:5 and in ghost\.yaml:6/,
    },
    { name: "a top-level key twice", text: "vms: {}\nvms: {}\n", want: ["SPEC_DUPLICATE_KEY@5:1"] },
    {
      name: "a text for a number",
      text: `vms:\n  web: { ${OK}, ram_gb: much }\n`,
      want: ["SPEC_WRONG_TYPE@5:49"],
      says: /the text "much"/,
    },
    {
      name: "a number for a text",
      text: `vms:\n  web: { ${OK}, labels: { a: 1 } }\n`,
      want: ["SPEC_WRONG_TYPE@5:54"],
      says: /Write "1" in quotes/,
    },
    { name: "a quoted number", text: `vms:\n  web: { ${OK}, vcpu: "2" }\n`, want: ["SPEC_WRONG_TYPE@5:47"], says: /Remove the quotes/ },
    { name: "a list for a map", text: `vms:\n  - web\n`, want: ["SPEC_WRONG_TYPE@5:3"] },
    { name: "a text for a list", text: `vms:\n  web: { ${OK}, ssh_keys: a b }\n`, want: ["SPEC_WRONG_TYPE@5:51"] },
    { name: "a map for a text", text: `vms:\n  web: { agent: { a: b }, image: debian-12 }\n`, want: ["SPEC_WRONG_TYPE@5:17"] },
    { name: "nothing where a map belongs", text: "vms:\n", want: ["SPEC_WRONG_TYPE@4:1"], says: /vms: \{\}/ },
    { name: "nothing where a block belongs", text: "vms:\n  web:\n", want: ["SPEC_WRONG_TYPE@5:3"], says: /empty/ },
    { name: "nothing where a value belongs", text: `vms:\n  web: { ${OK}, vcpu: ~ }\n`, want: ["SPEC_WRONG_TYPE@5:47"] },
    {
      name: "a name inside its block",
      text: `vms:\n  web: { ${OK}, name: web }\n`,
      want: ["SPEC_UNKNOWN_KEY@5:41"],
      says: /key of its block/,
    },
    {
      name: "a VM's own key in a template",
      text: "templates:\n  web: { image: debian-12, agent: desk }\nvms: {}\n",
      want: ["SPEC_UNKNOWN_KEY@5:28"],
      says: /on the VMs that use the template/,
    },
    { name: "a setting beside the settings", text: "", want: ["SPEC_UNKNOWN_KEY@1:41"], says: /under settings/, options: {} },
    {
      name: "__proto__ and constructor",
      text: `vms:\n  web: { ${OK}, __proto__: { protect: true }, constructor: 1, labels: { constructor: a, __proto__: b } }\n`,
      want: ["SPEC_UNKNOWN_KEY@5:41", "SPEC_UNKNOWN_KEY@5:71", "SPEC_BAD_NAME@5:113"],
    },
    { name: "computed attributes", text: `vms:\n  web: { ${OK}, uid: x }\n`, want: ["SPEC_UNKNOWN_KEY@5:41"] },
  ],
  "numbers and booleans that people and programs read differently": [
    ...["1e3", "0x10", "0o10", "08", "1_000", "+1", "1.5", "4GB", "-0", "1.", ".5", ".inf", "true"].map((text): Case => ({
      name: text,
      text: `vms:\n  web: { ${OK}, vcpu: ${text} }\n`,
      want: ["SPEC_WRONG_TYPE@5:47"],
    })),
    ...["no", "yes", "on", "off", "y", '"true"', "1", "0"].map((text): Case => ({
      name: text,
      text: `vms:\n  web: { ${OK}, protect: ${text} }\n`,
      want: ["SPEC_WRONG_TYPE@5:50"],
      says: /write (?:true|false)/,
    })),
    { name: "99999999999999999999", text: `vms:\n  web: { ${OK}, vcpu: 99999999999999999999 }\n`, want: ["SPEC_OUT_OF_RANGE@5:47"] },
  ],
  "limits, forms and names": [
    {
      name: "too small",
      text: `vms:\n  web: { ${OK}, ram_gb: 0 }\n`,
      want: ["SPEC_OUT_OF_RANGE@5:49"],
      says: /is 0 GiB; it must be between 1 and 4096/,
    },
    { name: "too large", text: `vms:\n  web: { ${OK}, ram_gb: 4097 }\n`, want: ["SPEC_OUT_OF_RANGE@5:49"], says: /at most 4096/ },
    { name: "not one of the words", text: `vms:\n  web: { ${OK}, power: runing }\n`, want: ["SPEC_BAD_VALUE@5:48"], says: /"running"/ },
    { name: "a boolean where a word stands", text: `vms:\n  web: { ${OK}, power: true }\n`, want: ["SPEC_BAD_VALUE@5:48"] },
    {
      name: "not of the form",
      text: `vms:\n  web: { ${OK}, networks: { lan: { mac: "52-54-00-00-00-01" } } }\n`,
      want: ["SPEC_BAD_VALUE@5:65"],
    },
    { name: "too many characters", text: `vms:\n  web: { ${OK}, labels: { a: ${"x".repeat(256)} } }\n`, want: ["SPEC_OUT_OF_RANGE@5:54"] },
    { name: "several lines where one belongs", text: `vms:\n  web: { ${OK}, labels: { a: "x\\ny" } }\n`, want: ["SPEC_BAD_VALUE@5:54"] },
    { name: "a port that is none", text: "", want: ["SPEC_OUT_OF_RANGE@1:42"], options: {} },
    ...["Web", "-web", "web-", "..", "a.b", "1a", "a".repeat(64), '"a\\e[31m"', '"a b"', "w\u0435b"].map((text): Case => ({
      name: `the name ${text}`,
      text: `vms:\n  ${text}: { ${OK} }\n`,
      want: ["SPEC_BAD_NAME@5:3"],
    })),
    { name: "the name of a disk", text: `vms:\n  web: { ${OK}, disks: { Data: { size_gb: 1 } } }\n`, want: ["SPEC_BAD_NAME@5:50"] },
    { name: "the root disk's name", text: `vms:\n  web: { ${OK}, disks: { root: { size_gb: 1 } } }\n`, want: ["SPEC_BAD_NAME@5:50"] },
    { name: "the key of a label", text: `vms:\n  web: { ${OK}, labels: { "a b": c } }\n`, want: ["SPEC_BAD_NAME@5:51"] },
    {
      name: "a replica with too long a name",
      text: `vms:\n  ${"a".repeat(62)}: { ${OK}, replicas: 1 }\n`,
      want: ["SPEC_BAD_NAME@5:3"],
      says: /64 characters/,
    },
    {
      name: "more VMs than any spec has",
      text: `vms:\n${Array.from({ length: 101 }, (_, at) => `  w${at}: { ${OK}, replicas: 1000 }\n`).join("")}`,
      want: ["SPEC_TOO_LARGE@105:3"],
    },
  ],
  references: [
    {
      name: "unknown template, agent and dependency, all at once",
      text: "vms:\n  web:\n    template: nope\n    agent: dsk\n    image: debian-12\n    depends_on: [wbe]\n",
      want: ["SPEC_UNKNOWN_REFERENCE@6:15", "SPEC_UNKNOWN_REFERENCE@7:12", "SPEC_UNKNOWN_REFERENCE@9:18"],
    },
    {
      name: "the nearest template",
      text: `templates: { small: {} }\nvms:\n  web: { template: smal, ${OK} }\n`,
      want: ["SPEC_UNKNOWN_REFERENCE@6:20"],
      says: /"small"/,
    },
    {
      name: "a replica by its name",
      text: `vms:\n  web: { ${OK}, replicas: 2 }\n  db: { ${OK}, depends_on: [web-1] }\n`,
      want: ["SPEC_UNKNOWN_REFERENCE@6:53"],
      says: /all its replicas/,
    },
    { name: "itself", text: `vms:\n  web: { ${OK}, depends_on: [web] }\n`, want: ["SPEC_CYCLE@5:54"], says: /waits for itself/ },
    {
      name: "two circles, each once",
      text: `vms:\n  a: { ${OK}, depends_on: [b] }\n  b: { ${OK}, depends_on: [c] }\n  c: { ${OK}, depends_on: [a, d] }\n  d: { ${OK}, depends_on: [e] }\n  e: { ${OK}, depends_on: [d] }\n`,
      want: ["SPEC_CYCLE@5:52", "SPEC_CYCLE@8:52"],
      says: /"a" → "b" \(ghost\.yaml:5\), "b" → "c" \(ghost\.yaml:6\), "c" → "a"/,
    },
    {
      name: "no agent, and which there are",
      text: "vms:\n  web: { image: debian-12 }\n",
      want: ["SPEC_MISSING_KEY@5:3"],
      says: /agent: desk/,
    },
    {
      name: "two VMs of one name",
      text: `vms:\n  web: { ${OK}, replicas: 2 }\n  web-1: { ${OK} }\n`,
      want: ["SPEC_NAME_COLLISION@6:3"],
      says: /ghost\.yaml:5\).*ghost\.yaml:6\)/,
    },
    {
      name: "one former name of two",
      text: `vms:\n  a: { ${OK}, previous_names: [old] }\n  b: { ${OK}, previous_names: [old] }\n`,
      want: ["SPEC_CONFLICT@6:39"],
    },
  ],
  "values that contradict each other": [
    { name: "no image", text: "vms:\n  web: { agent: desk }\n", want: ["SPEC_MISSING_KEY@5:3"] },
    { name: "two images", text: `vms:\n  web: { ${OK}, image_path: /x.img }\n`, want: ["SPEC_CONFLICT@5:53"] },
    {
      name: "an address without a digest",
      text: "vms:\n  web: { agent: desk, image_url: 'https://x.example/y' }\n",
      want: ["SPEC_MISSING_KEY@5:34"],
    },
    {
      name: "a digest for a catalogue image",
      text: `vms:\n  web: { ${OK}, image_sha256: ${"0a".repeat(32)} }\n`,
      want: ["SPEC_CONFLICT@5:55"],
    },
    {
      name: "more than the headroom",
      text: `vms:\n  web: { ${OK}, vcpu: 4, vcpu_max: 2, ram_gb: 8, ram_max_gb: 4 }\n`,
      want: ["SPEC_CONFLICT@5:60", "SPEC_CONFLICT@5:86"],
      says: /vcpu 4, above vcpu_max 2/,
    },
    {
      name: "headroom against the template",
      text: `templates:\n  t: { vcpu: 4 }\nvms:\n  web: { template: t, ${OK}, vcpu_max: 2 }\n`,
      want: ["SPEC_CONFLICT@7:64"],
      says: /ghost\.yaml:5 and ghost\.yaml:7/,
    },
    { name: "a disk without a size", text: `vms:\n  web: { ${OK}, disks: { data: {} } }\n`, want: ["SPEC_MISSING_KEY@5:50"] },
    {
      name: "a card on a network and a bridge",
      text: `vms:\n  web: { ${OK}, networks: { lan: { network: a, bridge: b } } }\n`,
      want: ["SPEC_CONFLICT@5:80"],
    },
    {
      name: "one MAC address twice on an agent",
      text: `vms:\n  a: { ${OK}, networks: { lan: { mac: "52:54:00:00:00:01" } } }\n  b: { ${OK}, networks: { lan: { mac: "52:54:00:00:00:01" } } }\n`,
      want: ["SPEC_CONFLICT@6:63"],
    },
    {
      name: "one MAC address for all replicas",
      text: `vms:\n  a: { ${OK}, replicas: 2, networks: { lan: { mac: "52:54:00:00:00:01" } } }\n`,
      want: ["SPEC_CONFLICT@5:76"],
      says: /Replicas cannot share/,
    },
  ],
  secrets: [
    { name: "a literal", text: `vms:\n  web: { ${OK}, cloud_init: { password: hunter2 } }\n`, want: ["SPEC_LITERAL_SECRET@5:65"] },
    {
      name: "on a line of its own",
      text: "vms:\n  web:\n    agent: desk\n    image: debian-12\n    cloud_init:\n      password:\n        hunter2\n",
      want: ["SPEC_LITERAL_SECRET@10:9"],
    },
    { name: "a number", text: `vms:\n  web: { ${OK}, cloud_init: { password: 4711 } }\n`, want: ["SPEC_LITERAL_SECRET@5:65"] },
    {
      name: "a literal where the reference belongs",
      text: `vms:\n  web: { ${OK}, cloud_init: { password: { secret: hunter2, version: 1 } } }\n`,
      want: ["SPEC_LITERAL_SECRET@5:75"],
    },
    {
      name: "the value of a variable",
      text: `variables: { pw: {} }\nvms:\n  web: { ${OK}, cloud_init: { password: "\${var.pw}" } }\n`,
      want: ["SPEC_LITERAL_SECRET@6:65"],
      options: { variables: { cli: ["pw=hunter2"] } },
    },
    {
      name: "the value of the environment",
      text: `vms:\n  web: { ${OK}, cloud_init: { password: { secret: "\${env.PW}", version: 1 } } }\n`,
      want: ["SPEC_LITERAL_SECRET@5:75"],
      options: { env: { PW: "hunter2" } },
    },
    {
      name: "another problem in its line",
      text: `vms:\n  web: { ${OK}, cloud_init: { password: { value: hunter2 }, bogus: 1 } }\n`,
      want: ["SPEC_LITERAL_SECRET@5:65", "SPEC_UNKNOWN_KEY@5:85"],
    },
    {
      name: "a mistake of YAML in its line",
      text: "vms:\n  web:\n    cloud_init:\n      password: hunter2: x\n",
      want: ["SPEC_SYNTAX@7:17"],
    },
    {
      name: "a syntax error in its line",
      text: `vms:\n  web:\n    cloud_init: { password: hunter2\n`,
      want: ["SPEC_SYNTAX@7:1"],
    },
    {
      name: "no version",
      text: `vms:\n  web: { ${OK}, cloud_init: { password: { secret: "env:PW" } } }\n`,
      want: ["SPEC_MISSING_KEY@5:65"],
    },
  ],
};

const WHOLE: readonly Case[] = [
  { name: "an empty file", text: "", want: ["SPEC_MISSING_KEY@1:1", "SPEC_MISSING_KEY@1:1"] },
  { name: "only a comment", text: "# nothing\n", want: ["SPEC_MISSING_KEY@1:1", "SPEC_MISSING_KEY@1:1"] },
  { name: "a list at the top", text: "- a\n- b\n", want: ["SPEC_WRONG_TYPE@1:1"] },
  { name: "a text at the top", text: "hello\n", want: ["SPEC_WRONG_TYPE@1:1"] },
  { name: "another version", text: "ghost: 2\nstack: s\nbogus: 1\n", want: ["SPEC_VERSION@1:8"] },
  { name: "a version that is no number", text: "ghost: one\nstack: s\n", want: ["SPEC_WRONG_TYPE@1:8"] },
  { name: "a version in quotes", text: 'ghost: "1"\nstack: s\n', want: ["SPEC_WRONG_TYPE@1:8"] },
  {
    name: "a syntax error hides nothing but what it makes unknowable",
    text: "stack: Shop\nvms:\n  web: { agent: desk\n",
    want: ["SPEC_SYNTAX@4:1"],
  },
  { name: "a stack that is no name", text: "ghost: 1\nstack: My Shop\n", want: ["SPEC_BAD_NAME@2:8"], says: /my-shop/ },
  {
    name: "two agents of one address",
    text: "ghost: 1\nstack: s\nagents:\n  a: { address: 'Desk.example:9090' }\n  b: { address: 'desk.example:9090' }\n  c: { address: 'unix:x.sock' }\n  d: { address: 'unix:./x.sock' }\n",
    want: ["AGENT_DUPLICATE@5:17", "AGENT_DUPLICATE@7:17"],
  },
  { name: "an agent without an address", text: "ghost: 1\nstack: s\nagents: { a: {} }\n", want: ["SPEC_MISSING_KEY@3:11"] },
];

function check({ text, want, options, says }: Case, head: string): () => Promise<void> {
  return async () => {
    const parsed = await parse(head + text, options);
    assert.equal(parsed.desired, undefined);
    assert.deepEqual(codesOf(parsed), want, JSON.stringify(parsed.diagnostics, null, 1));
    const shown = JSON.stringify(parsed.diagnostics);
    assert.doesNotMatch(shown, /hunter2|4711/, "a secret is shown");
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(
      parsed.diagnostics.map(({ detail, hint, sourceLine }) => `${detail}${hint}${sourceLine}`).join(""),
      /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202e]/,
      "a control character is shown",
    );
    for (const { hint, detail, severity } of parsed.diagnostics)
      assert.ok(hint !== undefined && hint !== "" && detail.endsWith(".") && severity === "error", `${detail} | ${hint}`);
    const [first] = parsed.diagnostics;
    if (says !== undefined) assert.match(`${first?.detail} ${first?.hint}`, says);
  };
}

for (const [name, cases] of Object.entries(CASES)) {
  suite(name, () => {
    for (const one of cases) {
      const head =
        one.name === "a setting beside the settings"
          ? "agents: { desk: { address: 'desk:9090', schedulable: true } }\nghost: 1\nstack: s\n"
          : one.name === "a port that is none"
            ? "agents: { desk: { settings: {}, address: 'desk:0' } }\nghost: 1\nstack: s\n"
            : HEAD;
      test(one.name, check(one, head));
    }
  });
}

suite("the spec as a whole", () => {
  for (const one of WHOLE) test(one.name, check(one, ""));
});

suite("where a problem is shown", () => {
  test("the line is shown with its columns, whatever is in it", async () => {
    const parsed = await parse(`${HEAD}vms:\n  web: { agent: desk, image: "\u202e\u{1f600}x", bogus: 1 }\n`);
    const bogus = parsed.diagnostics.find(({ code }) => code === "SPEC_UNKNOWN_KEY");
    assert.equal(bogus?.sourceLine, '  web: { agent: desk, image: "\ufffd\u{1f600}x", bogus: 1 }');
    assert.equal(bogus?.sourceLine?.indexOf("bogus"), (bogus?.at?.column ?? 0) - 1);
    assert.match(parsed.diagnostics[0]?.detail ?? "", /"\\u\{202e\}\\u\{1f600\}x"/);
  });

  test("a byte order mark and CRLF move no column", async () => {
    const text = `${HEAD}vms:\n  web: { ${OK}, bogus: 1 }\n`;
    assert.deepEqual(codesOf(await parse(`\ufeff${text}`)), ["SPEC_UNKNOWN_KEY@5:41"]);
    const crlf = await parse(text.replaceAll("\n", "\r\n"));
    assert.deepEqual(codesOf(crlf), ["SPEC_UNKNOWN_KEY@5:41"]);
    assert.equal(crlf.diagnostics[0]?.sourceLine, `  web: { ${OK}, bogus: 1 }`);
  });

  test("the path names the value", async () => {
    const { diagnostics } = await parse(`${HEAD}vms:\n  web: { ${OK}, disks: { data: { size_gb: 0 } }, ssh_keys: [1] }\n`);
    assert.deepEqual(
      diagnostics.map(({ path }) => path),
      [
        ["vms", "web", "disks", "data", "size_gb"],
        ["vms", "web", "ssh_keys", 0],
      ],
    );
  });

  test("a mistake in a template is told once, however many VMs use it", async () => {
    const vms = Array.from({ length: 50 }, (_, at) => `  w${at}: { template: t, agent: desk, replicas: 3 }\n`).join("");
    assert.deepEqual(
      codesOf(await parse(`${HEAD}templates:\n  t: { image: debian-12, vcpu: 0, labels: { n: "\${index}" } }\nvms:\n${vms}`)),
      ["SPEC_OUT_OF_RANGE@5:32"],
    );
  });

  test("several files: each problem has its file, the same key in two is told with both", async () => {
    const parsed = await parse({
      "a.yaml": "ghost: 1\nstack: s\nagents: { desk: { address: 'desk:1' } }\n",
      "b.yaml": `ghost: 1\nstack: t\nvms:\n  web: { ${OK}, bogus: 1 }\n`,
      "c.yaml": `vms:\n  web: { ${OK} }\n---\nagents: { desk: { address: 'other:1' } }\n`,
    });
    assert.deepEqual(codesOf(parsed), [
      "SPEC_DUPLICATE_KEY@b.yaml:2:1",
      "SPEC_UNKNOWN_KEY@b.yaml:4:41",
      "SPEC_DUPLICATE_KEY@c.yaml:2:3",
      "SPEC_DUPLICATE_KEY@c.yaml:4:11",
    ]);
    assert.match(parsed.diagnostics[3]?.detail ?? "", /a\.yaml:3 and in c\.yaml:4/);
  });

  test("thousands of mistakes are told in linear time", async () => {
    const agents = Array.from({ length: 2000 }, (_, at) => `  host-${at}: { address: "h${at}:1" }\n`).join("");
    const vms = Array.from({ length: 10_000 }, (_, at) => `  w${at}: { agent: hots-${at}, image: debian-12, bogus: 1 }\n`).join("");
    const started = process.cpuUsage();
    const { diagnostics } = await parse(`ghost: 1\nstack: s\nagents:\n${agents}vms:\n${vms}`);
    assert.equal(diagnostics.length, 10_001);
    assert.match(diagnostics.find(({ code }) => code === "SPEC_TOO_LARGE")?.detail ?? "", /more than 10000 problems/);
    assert.ok(process.cpuUsage(started).user < 10_000_000);
  });
});
