import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "@ghost/schemas";
import fc from "fast-check";
import type { Desired } from "../desired.ts";
import { emitText, emitYaml } from "./emit.ts";
import { explainEffective, renderEffective } from "./render.ts";
import { RIGHT_SPEC } from "./testdata/arbitrary.ts";
import { FULL_SPEC, parse } from "./testdata/specs.ts";
import { readQuickly } from "./text/quick.ts";
import { plainTypeOf } from "./text/tree.ts";

async function desiredOf(text: string): Promise<Desired> {
  const { desired, diagnostics } = await parse(text);
  assert.deepEqual(diagnostics, []);
  return desired!;
}

/** What a spec means, without how it is written. */
function meaningOf({ stack, agents, vms }: Desired): unknown {
  return {
    stack,
    agents: agents.map(({ name, address, tls, timeoutMs, settings }) => ({ name, address, tls, timeoutMs, settings })),
    vms: vms.map(({ name, agent, config: { template: _template, ...config }, previousNames, adopt, secrets }) => ({
      name,
      agent,
      config,
      previousNames,
      adopt,
      secrets,
    })),
  };
}

const RENDERED = `ghost: 1
stack: shop
agents:
  desk:
    address: desk.tailnet:9090
    tls:
      ca: /spec/pki/ca.pem
      cert: /spec/pki/ci.pem
      key: /spec/pki/ci.key
    timeout_s: 30
    settings:
      labels:
        room: office
      reserved_vcpu: 2
      schedulable: true
  lab:
    address: unix:/spec/lab.sock
vms:
  web-1:
    agent: desk
    image: debian-12
    vcpu: 2
    ram_gb: 4
    networks:
      lan:
        bridge: br0
    labels:
      tier: front
      number: "1"
      role: web
`;

suite("renderEffective", () => {
  test("is the spec without templates, variables and replicas", async () => {
    const text = renderEffective(await desiredOf(FULL_SPEC));
    assert.equal(text.slice(0, RENDERED.length), RENDERED);
    assert.match(text, /\n {2}db-main:\n {4}agent: lab\n {4}image_url: https:\/\/images\.example\/db\.qcow2\n/);
    assert.match(text, / {6}user_data: \|\n {8}#cloud-config\n {8}runcmd: \[ "echo \$\$\{HOME\}" \]\n\n {8}# end\n/);
    assert.match(text, / {6}password:\n {8}secret: file:\/spec\/secrets\/db\n {8}version: 3\n/);
    assert.match(text, / {4}depends_on:\n {6}- web-1\n {6}- web-2\n/);
  });

  test("with explain, each value has its origin behind it, and the text means the same", async () => {
    const desired = await desiredOf(FULL_SPEC);
    const text = renderEffective(desired, { explain: true });
    assert.match(
      text,
      /\n {2}web-1: # ghost\.yaml:31\n {4}agent: desk # ghost\.yaml:33\n {4}image: debian-12 # ghost\.yaml:24, template web\n/,
    );
    assert.match(text, /\n {4}protect: true # ghost\.yaml:46, variable guard\n/);
    assert.match(text, /# What a new VM gets where nothing is set.*\n(?:# .*\n)*# {3}ram_gb: 1\n/);
    assert.deepEqual(meaningOf(await desiredOf(text)), meaningOf(desired));
  });

  test("for programs: every value with its path and place", async () => {
    const values = explainEffective(await desiredOf(FULL_SPEC));
    const find = (...path: string[]): unknown => values.find((one) => one.path.join(" ") === path.join(" "));
    assert.deepEqual(find("vms", "web-1", "ram_gb"), {
      path: ["vms", "web-1", "ram_gb"],
      value: 4,
      layer: "template",
      name: "web",
      at: { file: "ghost.yaml", line: 26, column: 13 },
    });
    assert.deepEqual(find("vms", "db-main", "power"), { path: ["vms", "db-main", "power"], value: "running", layer: "default" });
    assert.deepEqual(find("agents", "desk", "timeout_s"), {
      path: ["agents", "desk", "timeout_s"],
      value: 30,
      layer: "agent",
      at: { file: "ghost.yaml", line: 14, column: 16 },
    });
    assert.equal(find("vms", "db-main", "cloud_init", "password", "secret"), undefined, "a reference is one value");
  });

  test("reads as what was rendered, whatever the spec", async () => {
    await fc.assert(
      fc.asyncProperty(RIGHT_SPEC, async (data) => {
        const desired = await desiredOf(JSON.stringify(data));
        const again = await desiredOf(renderEffective(desired));
        assert.deepEqual(meaningOf(again), meaningOf(desired));
        const explained = await desiredOf(renderEffective(desired, { explain: true }));
        assert.equal(explained.specHash, again.specHash);
      }),
      { numRuns: 100 },
    );
  });
});

suite("emitYaml", () => {
  const cases: { text: string; want: string }[] = [
    { text: "debian-12", want: "debian-12" },
    { text: "desk.tailnet:9090", want: "desk.tailnet:9090" },
    { text: "ssh-ed25519 AAAA+/= me@desk", want: "ssh-ed25519 AAAA+/= me@desk" },
    { text: "", want: '""' },
    { text: "12", want: '"12"' },
    { text: "1e3", want: '"1e3"' },
    { text: "52:54:00:12:34:56", want: '"52:54:00:12:34:56"' },
    { text: "12:30", want: '"12:30"' },
    { text: "no", want: '"no"' },
    { text: "null", want: '"null"' },
    { text: "a: b", want: '"a: b"' },
    { text: "a #b", want: '"a #b"' },
    { text: "- a", want: '"- a"' },
    { text: "*a", want: '"*a"' },
    { text: "${x}", want: '"$${x}"' },
    { text: "a\u2028\u007f", want: '"a\\u2028\\u007f"' },
  ];
  for (const { text, want } of cases) test(JSON.stringify(text), () => assert.equal(emitText(text), want));

  test("the quick reader reads every text back", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc
        .array(fc.constantFrom("a", " ", "\n", "\t", "#", ":", "-", "|", "'", '"', "$", "{", "é", "\\", "\u0000"))
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
          fc.oneof(
            text,
            fc.array(text, { maxLength: 3 }),
            fc.integer(),
            fc.boolean(),
            fc.dictionary(fc.constantFrom("x", "y"), text, { noNullPrototype: true }),
          ),
          { minKeys: 1, noNullPrototype: true },
        ),
        (data) => {
          const read = readQuickly(emitYaml(data));
          assert.ok(read.root, emitYaml(data));
          const toData = (node: NonNullable<typeof read.root>): unknown => {
            if (node.kind === "list") return node.items.map(toData);
            if (node.kind === "map") return Object.fromEntries(node.entries.map(({ key, value }) => [key, toData(value)]));
            const type = plainTypeOf(node);
            return type === "integer"
              ? Number(node.text)
              : type === "boolean"
                ? node.text === "true"
                : node.text.replaceAll("$${", () => "${");
          };
          assert.deepEqual(toData(read.root), { ...data });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("the definitions' order is the order of a VM's keys", async () => {
    const desired = await desiredOf(
      "ghost: 1\nstack: s\nagents: { a: { address: 'a:1' } }\nvms: { web: { power: stopped, vcpu: 2, image: debian-12, agent: a } }\n",
    );
    const keys = [...renderEffective(desired).matchAll(/^ {4}([a-z_]+):/gm)].map(([, key]) => key).slice(1);
    assert.deepEqual(
      keys,
      Object.keys(vm.attributes).filter((name) => keys.includes(name)),
    );
  });
});
