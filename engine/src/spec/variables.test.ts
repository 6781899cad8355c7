import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { codesOf, HEAD, parse } from "./testdata/specs.ts";
import type { ParseOptions } from "./parse.ts";

/** A spec with one variable, used as a label or as memory. */
function specWith(declaration: string, use = 'labels: { v: "${var.v}" }'): string {
  return `${HEAD}variables:\n  v: ${declaration}\nvms:\n  web: { agent: desk, image: debian-12, ${use} }\n`;
}

async function valueOf(text: string, options: Partial<ParseOptions> = {}): Promise<unknown> {
  const { desired, diagnostics } = await parse(text, options);
  assert.deepEqual(diagnostics, []);
  const { labels, ram_gb: ramGb, protect } = desired!.vms[0]!.config;
  return labels?.["v"] ?? ramGb ?? protect;
}

const file = (text: string, name = "vars.yaml"): { file: string; text: string } => ({ file: name, text });

suite("where a value comes from", () => {
  const all: Partial<ParseOptions> = { variables: { cli: ["v=cli"], files: [file("v: file")] }, env: { GHOST_VAR_v: "env" } };
  const cases: { name: string; options: Partial<ParseOptions>; want: string }[] = [
    { name: "the command line first", options: all, want: "cli" },
    { name: "then a file", options: { ...all, variables: { files: [file("v: file")] } }, want: "file" },
    { name: "the last file of several", options: { variables: { files: [file("v: one"), file("v: two", "two.yaml")] } }, want: "two" },
    { name: "then the environment", options: { env: { GHOST_VAR_v: "env" } }, want: "env" },
    { name: "then the default", options: { env: { GHOST_VAR_other: "x" } }, want: "default" },
    { name: "the last one on the command line", options: { variables: { cli: ["v=a", "v=b=c"] } }, want: "b=c" },
    { name: "an empty text is a value", options: { variables: { cli: ["v="] } }, want: "" },
  ];
  for (const { name, options, want } of cases)
    test(name, async () => assert.equal(await valueOf(specWith("{ default: default }"), options), want));
});

suite("types", () => {
  const ram = 'ram_gb: "${var.v}"';
  test("an integer is a number, from any source", async () => {
    for (const options of [{}, { variables: { cli: ["v=4"] } }, { variables: { files: [file("v: 4")] } }, { env: { GHOST_VAR_v: "4" } }]) {
      assert.equal(await valueOf(specWith("{ type: integer, default: 4 }", ram), options), 4);
    }
  });
  test("a boolean is one", async () =>
    assert.equal(
      await valueOf(specWith("{ type: boolean, default: false }", 'protect: "${var.v}"'), { variables: { cli: ["v=true"] } }),
      true,
    ));
  test("inside a text, and where a text is wanted, every value is text", async () => {
    assert.equal(await valueOf(specWith("{ type: integer, default: 4 }", 'labels: { v: "${var.v}" }')), "4");
    assert.equal(await valueOf(specWith("{ type: boolean, default: true }", 'labels: { v: "is ${var.v}, $${x}" }')), "is true, ${x}");
  });
  test("${env.X} is read by the type of the attribute, strictly", async () => {
    const text = `${HEAD}vms:\n  web: { agent: desk, image: debian-12, ram_gb: "\${env.RAM}", protect: "\${env.SAFE}", labels: { v: "\${env.RAM}" } }\n`;
    const { desired } = await parse(text, { env: { RAM: "8", SAFE: "true" } });
    assert.deepEqual(
      [desired?.vms[0]?.config.ram_gb, desired?.vms[0]?.config.protect, desired?.vms[0]?.config.labels],
      [8, true, { v: "8" }],
    );
    assert.deepEqual(codesOf(await parse(text, { env: { RAM: "0x8", SAFE: "yes" } })), ["SPEC_WRONG_TYPE@5:49", "SPEC_WRONG_TYPE@5:72"]);
  });
  test("limits hold for what an expression gives", async () =>
    assert.deepEqual(codesOf(await parse(specWith("{ type: integer, default: 0 }", ram))), ["SPEC_OUT_OF_RANGE@7:49"]));
});

suite("problems", () => {
  const cases: { name: string; text: string; options?: Partial<ParseOptions>; want: readonly string[]; says: RegExp }[] = [
    {
      name: "not declared",
      text: specWith("{ default: a }", 'labels: { v: "${var.w}${var.v}" }'),
      want: ["VARIABLE_UNDEFINED@7:55"],
      says: /"v"/,
    },
    { name: "not used", text: specWith("{ default: a }", "vcpu: 1"), want: ["VARIABLE_UNUSED@5:3"], says: /\$\{var\.v\}/ },
    { name: "no value", text: specWith("{}"), want: ["VARIABLE_UNDEFINED@5:3"], says: /--var v=… .*|--var v=…/ },
    {
      name: "given and not declared",
      text: specWith("{ default: a }"),
      options: { variables: { cli: ["vv=1"] } },
      want: ["VARIABLE_UNDEFINED"],
      says: /"vv".*"v"/,
    },
    {
      name: "given in a file and not declared",
      text: specWith("{ default: a }"),
      options: { variables: { files: [file("\nx: 1\n")] } },
      want: ["VARIABLE_UNDEFINED@vars.yaml:2:1"],
      says: /vars\.yaml/,
    },
    {
      name: "--var of a wrong type",
      text: specWith("{ type: integer, default: 1 }", 'ram_gb: "${var.v}"'),
      options: { variables: { cli: ["v=much"] } },
      want: ["VARIABLE_BAD_VALUE"],
      says: /"much".*an integer in ghost\.yaml:5/,
    },
    {
      name: "a file of a wrong type",
      text: specWith("{ default: a }"),
      options: { variables: { files: [file("v: 8\n")] } },
      want: ["VARIABLE_BAD_VALUE@vars.yaml:1:1"],
      says: /quotes/,
    },
    {
      name: "the environment of a wrong type",
      text: specWith("{ type: boolean, default: true }", 'protect: "${var.v}"'),
      options: { env: { GHOST_VAR_v: "no" } },
      want: ["VARIABLE_BAD_VALUE"],
      says: /GHOST_VAR_v/,
    },
    {
      name: "--var without a value",
      text: specWith("{ default: a }"),
      options: { variables: { cli: ["v"] } },
      want: ["USAGE"],
      says: /name=value/,
    },
    {
      name: "a file that is a list",
      text: specWith("{ default: a }"),
      options: { variables: { files: [file("- a\n")] } },
      want: ["SPEC_WRONG_TYPE@vars.yaml:1:1"],
      says: /name: value/,
    },
    {
      name: "a file with a syntax error",
      text: specWith("{ default: a }"),
      options: { variables: { files: [file("v: [\n")] } },
      want: ["SPEC_SYNTAX@vars.yaml:2:1"],
      says: /./,
    },
    {
      name: "a value that is a list",
      text: specWith("{ default: a }"),
      options: { variables: { files: [file("v: [a]\n")] } },
      want: ["VARIABLE_BAD_VALUE@vars.yaml:1:4"],
      says: /one plain value/,
    },
    {
      name: "a default of a wrong type",
      text: specWith("{ type: integer, default: '4' }", 'ram_gb: "${var.v}"'),
      want: ["SPEC_WRONG_TYPE@5:32"],
      says: /type: string/,
    },
    {
      name: "an unknown type",
      text: specWith("{ type: number, default: 4 }", 'ram_gb: "${var.v}"'),
      want: ["SPEC_BAD_VALUE@5:14"],
      says: /integer/,
    },
    { name: "an expression in a declaration", text: specWith('{ default: "${env.X}" }'), want: ["EXPRESSION_SYNTAX@5:17"], says: /--var/ },
    { name: "a declaration that is no map", text: specWith("4"), want: ["SPEC_WRONG_TYPE@5:6"], says: /map/ },
    {
      name: "a variable of another type than the attribute",
      text: specWith("{ default: '4' }", 'ram_gb: "${var.v}"'),
      want: ["SPEC_WRONG_TYPE@7:49"],
      says: /\$\{var\.v\} is the string "4", declared in ghost\.yaml:5/,
    },
    {
      name: "text around a variable is no number",
      text: specWith("{ type: integer, default: 4 }", 'ram_gb: "1${var.v}"'),
      want: ["SPEC_WRONG_TYPE@7:49"],
      says: /"14"/,
    },
    {
      name: "a name that cannot be an environment variable",
      text: `${HEAD}variables:\n  a-b: { default: x }\nvms: {}\n`,
      want: ["SPEC_BAD_NAME@5:3", "VARIABLE_UNUSED@5:3"],
      says: /underscores/,
    },
    {
      name: "the environment has it not",
      text: `${HEAD}vms:\n  web: { agent: desk, image: "\${env.IMAGE}" }\n`,
      options: { env: {} },
      want: ["VARIABLE_UNDEFINED@5:31"],
      says: /IMAGE/,
    },
    {
      name: "what every object has is no environment",
      text: `${HEAD}vms:\n  web: { agent: desk, image: "\${env.constructor}" }\n`,
      options: { env: {} },
      want: ["VARIABLE_UNDEFINED@5:31"],
      says: /constructor/,
    },
    {
      name: "an unknown key hides no use",
      text: specWith("{ default: a }", 'lables: { v: "${var.v}" }'),
      want: ["SPEC_UNKNOWN_KEY@7:41"],
      says: /"labels"/,
    },
  ];
  for (const { name, text, options, want, says } of cases) {
    test(name, async () => {
      const parsed = await parse(text, options);
      assert.deepEqual(codesOf(parsed), want, JSON.stringify(parsed.diagnostics, null, 1));
      assert.match(`${parsed.diagnostics[0]?.detail} ${parsed.diagnostics[0]?.hint}`, says);
    });
  }

  for (const expression of [
    "${",
    "${var.x",
    "${}",
    "${x}",
    "${var}",
    "${var.}",
    "${ var.v }",
    "${var.v + 1}",
    "${env.A-B}",
    "${INDEX}",
    "${${var.v}}",
  ]) {
    test(`${expression} cannot be read`, async () => {
      const parsed = await parse(`${HEAD}vms:\n  web: { agent: desk, image: debian-12, labels: { v: "x${expression}" } }\n`);
      assert.deepEqual(codesOf(parsed).slice(0, 1), ["EXPRESSION_SYNTAX@5:56"]);
      assert.match(parsed.diagnostics[0]?.hint ?? "", /\$\$\{/);
    });
  }
});
