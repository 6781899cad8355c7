import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { codesOf, FULL_SPEC, HEAD, mutated, parse } from "./testdata/specs.ts";
import type { Desired } from "../desired.ts";
import type { ParsedSpec } from "./parse.ts";

const OK = "agent: desk, image: debian-12";

function desiredOf(parsed: ParsedSpec): Desired {
  assert.deepEqual(parsed.diagnostics, []);
  assert.ok(parsed.desired);
  return parsed.desired;
}

async function configOf(vm: string, more = ""): Promise<unknown> {
  const { vms } = desiredOf(await parse(`${HEAD}${more}vms:\n  web: ${vm}\n`));
  const { name: _name, ...config } = vms[0]!.config;
  return config;
}

suite("parseSpec", () => {
  test("a whole spec becomes what is desired", async () => {
    const { stack, agents, vms, specHash } = desiredOf(await parse(FULL_SPEC));
    assert.equal(stack, "shop");
    assert.match(specHash, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      agents.map(({ name, address, tls, timeoutMs, settings, at }) => ({ name, address, tls, timeoutMs, settings, at })),
      [
        {
          name: "desk",
          address: "desk.tailnet:9090",
          tls: { ca: "/spec/pki/ca.pem", cert: "/spec/pki/ci.pem", key: "/spec/pki/ci.key" },
          timeoutMs: 30_000,
          settings: { labels: { room: "office" }, reserved_vcpu: 2, schedulable: true },
          at: { file: "ghost.yaml", line: 11, column: 3 },
        },
        {
          name: "lab",
          address: "unix:/spec/lab.sock",
          tls: undefined,
          timeoutMs: 10_000,
          settings: {},
          at: { file: "ghost.yaml", line: 19, column: 3 },
        },
      ],
    );
    const web = { template: "web", image: "debian-12", vcpu: 2, ram_gb: 4, networks: { lan: { bridge: "br0" } } };
    assert.deepEqual(
      vms.map(({ name, key, index, agent, config, dependsOn, previousNames, adopt, secrets }) => ({
        name,
        key,
        index,
        agent,
        config,
        dependsOn,
        previousNames,
        adopt,
        secrets,
      })),
      [
        ...[1, 2].map((index) => ({
          name: `web-${index}`,
          key: "web",
          index,
          agent: "desk",
          config: { name: `web-${index}`, ...web, labels: { tier: "front", number: String(index), role: "web" } },
          dependsOn: [],
          previousNames: [],
          adopt: false,
          secrets: {},
        })),
        {
          name: "db-main",
          key: "db-main",
          index: undefined,
          agent: "lab",
          config: {
            name: "db-main",
            image_url: "https://images.example/db.qcow2",
            image_sha256: "ab".repeat(32),
            vcpu: 4,
            vcpu_max: 8,
            ram_gb: 8,
            ram_max_gb: 16,
            disks: { data: { size_gb: 100 } },
            protect: true,
            disruption: { allow: "restart" },
            ssh_keys: ["ssh-ed25519 AAAA me@desk", "ssh-ed25519 BBBB: x"],
            cloud_init: { user_data: '#cloud-config\nruncmd: [ "echo ${HOME}" ]\n\n# end\n', password: { version: 3 } },
          },
          dependsOn: ["web"],
          previousNames: ["database"],
          adopt: false,
          secrets: { "cloud_init.password": "file:/spec/secrets/db" },
        },
      ],
    );
  });

  test("every value knows where it is from", async () => {
    const [web, , db] = desiredOf(await parse(FULL_SPEC)).vms;
    const from = (line: number, column: number): { file: string; line: number; column: number } => ({ file: "ghost.yaml", line, column });
    assert.deepEqual(web?.origins[""], { at: from(31, 3), layer: "vm" });
    assert.deepEqual(web?.origins["ram_gb"], { at: from(26, 13), layer: "template", name: "web" });
    assert.deepEqual(web?.origins["labels.tier"], { at: from(27, 21), layer: "template", name: "web" });
    assert.deepEqual(web?.origins["labels.role"], { at: from(35, 21), layer: "vm" });
    assert.deepEqual(web?.origins["networks.lan.bridge"], { at: from(36, 32), layer: "vm" });
    assert.equal(web?.origins["networks.lan.network"], undefined, "the template's network is void");
    assert.deepEqual(web?.origins["replicas"], { at: from(34, 15), layer: "variable", name: "web_count" });
    assert.deepEqual(db?.origins["disks.data.size_gb"], { at: from(45, 31), layer: "vm" });
    assert.deepEqual(db?.origins["protect"], { at: from(46, 14), layer: "variable", name: "guard" });
    assert.equal(db?.origins["template"], undefined);
  });

  test("an empty map and an empty list are nothing, a card without values is a card", async () => {
    assert.deepEqual(await configOf(`{ ${OK}, labels: {}, ssh_keys: [], cloud_init: {}, networks: { lan: {} } }`), {
      image: "debian-12",
      networks: { lan: {} },
    });
  });

  test("a spec without VMs is one: all that the stack has is to go", async () => {
    assert.deepEqual(desiredOf(await parse(HEAD)).vms, []);
    assert.deepEqual(desiredOf(await parse(`${HEAD}vms: {}\n`)).vms, []);
  });

  test("aliases and merge keys are read as what they stand for", async () => {
    const text = `ghost: 1\nstack: s\nagents: { desk: { address: 'desk:1' } }\nvms:\n  a: &a { ${OK}, labels: &l { x: 'y' } }\n  b: { <<: *a, vcpu: 2 }\n  c: { ${OK}, labels: *l }\n`;
    assert.deepEqual(
      desiredOf(await parse(text)).vms.map(({ config }) => config),
      [
        { name: "a", image: "debian-12", labels: { x: "y" } },
        { name: "b", image: "debian-12", labels: { x: "y" }, vcpu: 2 },
        { name: "c", image: "debian-12", labels: { x: "y" } },
      ],
    );
  });

  test("several files and documents are one spec; the version may stand in each", async () => {
    const { vms } = desiredOf(await parse({ "a.yaml": HEAD, "b.yaml": `ghost: 1\nvms: { a: { ${OK} } }\n---\nvms: { b: { ${OK} } }\n` }));
    assert.deepEqual(
      vms.map(({ name }) => name),
      ["a", "b"],
    );
  });

  test("relative paths start at the folder of their file", async () => {
    const parsed = await parse("");
    assert.equal(parsed.desired, undefined);
    const { parseSpec } = await import("./parse.ts");
    const sources = [
      {
        file: "x/a.yaml",
        folder: "/spec/x",
        text: "ghost: 1\nstack: s\nagents: { desk: { address: 'embedded:.ghost/desk', tls: { ca: ../ca.pem, server_name: desk } } }\ntemplates: { t: { cloud_init: { password: { secret: 'file:pw', version: 1 } } } }\n",
      },
      { file: "y/b.yaml", folder: "/spec/y", text: `vms: { web: { template: t, ${OK} } }\n` },
    ];
    const { agents, vms } = desiredOf(await parseSpec(sources, { cwd: "/elsewhere" }));
    assert.equal(agents[0]?.address, "embedded:/spec/x/.ghost/desk");
    assert.deepEqual(agents[0]?.tls, { ca: "/spec/ca.pem", server_name: "desk" });
    assert.deepEqual(vms[0]?.secrets, { "cloud_init.password": "file:/spec/x/pw" });
  });
});

suite("templates", () => {
  const cases: { name: string; template: string; vm: string; want: unknown }[] = [
    {
      name: "a value of the VM replaces the template's",
      template: "{ image: debian-12, vcpu: 2 }",
      vm: "{ vcpu: 4 }",
      want: { image: "debian-12", vcpu: 4 },
    },
    {
      name: "maps and objects are merged by key",
      template: "{ image: debian-12, labels: { a: 'x', b: 'y' }, disks: { d: { size_gb: 1 } }, cloud_init: { user_data: u } }",
      vm: "{ labels: { b: 'z' }, disks: { d: { size_gb: 2 }, e: { size_gb: 3 } }, cloud_init: { packages: [p] } }",
      want: {
        image: "debian-12",
        labels: { a: "x", b: "z" },
        disks: { d: { size_gb: 2 }, e: { size_gb: 3 } },
        cloud_init: { user_data: "u", packages: ["p"] },
      },
    },
    {
      name: "lists are replaced",
      template: "{ image: debian-12, ssh_keys: [a, b] }",
      vm: "{ ssh_keys: [c] }",
      want: { image: "debian-12", ssh_keys: ["c"] },
    },
    {
      name: "an empty list takes the template's away, an empty map leaves it",
      template: "{ image: debian-12, ssh_keys: [a], labels: { a: 'x' } }",
      vm: "{ ssh_keys: [], labels: {} }",
      want: { image: "debian-12", labels: { a: "x" } },
    },
    {
      name: "an image of the VM leaves the template's, its digest too",
      template: `{ image_url: 'https://x.example/y', image_sha256: ${"0a".repeat(32)} }`,
      vm: "{ image: debian-13 }",
      want: { image: "debian-13" },
    },
    {
      name: "a bridge leaves the template's network, a MAC address does not",
      template: "{ image: debian-12, networks: { a: { network: n }, b: { network: n } } }",
      vm: "{ networks: { a: { bridge: br0 }, b: { mac: '52:54:00:00:00:01' } } }",
      want: { image: "debian-12", networks: { a: { bridge: "br0" }, b: { network: "n", mac: "52:54:00:00:00:01" } } },
    },
    {
      name: "a secret is replaced whole",
      template: "{ image: debian-12, cloud_init: { password: { secret: 'env:A', version: 1 } } }",
      vm: "{ cloud_init: { password: { secret: 'env:B', version: 7 } } }",
      want: { image: "debian-12", cloud_init: { password: { version: 7 } } },
    },
  ];
  for (const { name, template, vm, want } of cases) {
    test(name, async () =>
      assert.deepEqual(await configOf(vm.replace("{ ", "{ template: t, agent: desk, "), `templates: { t: ${template} }\n`), {
        template: "t",
        ...(want as object),
      }),
    );
  }
});

suite("replicas", () => {
  test("none is none, one is numbered too", async () => {
    const { vms } = desiredOf(
      await parse(`${HEAD}vms:\n  a: { ${OK}, replicas: 0 }\n  b: { ${OK}, replicas: 1 }\n  c: { ${OK}, depends_on: [a, b] }\n`),
    );
    assert.deepEqual(
      vms.map(({ name }) => name),
      ["b-1", "c"],
    );
  });

  test("the number stands in any value, of the VM and of its template", async () => {
    const text = `ghost: 1\nstack: s\nagents: { desk-1: { address: 'a:1' }, desk-2: { address: 'b:1' } }\ntemplates: { t: { image: debian-12, metadata: { n: "no \${index} of 2" } } }\nvms:\n  web: { template: t, agent: "desk-\${index}", replicas: 2, vcpu: "\${index}", previous_names: ["old-\${index}"] }\n`;
    assert.deepEqual(
      desiredOf(await parse(text)).vms.map(({ agent, config, previousNames }) => [agent, config.vcpu, config.metadata, previousNames]),
      [
        ["desk-1", 1, { n: "no 1 of 2" }, ["old-1"]],
        ["desk-2", 2, { n: "no 2 of 2" }, ["old-2"]],
      ],
    );
  });

  test("a value that is wrong for some of them only is found", async () => {
    assert.deepEqual(codesOf(await parse(`${HEAD}vms:\n  web: { ${OK}, replicas: 600, vcpu: "\${index}" }\n`)).slice(0, 1), [
      "SPEC_OUT_OF_RANGE@5:62",
    ]);
  });

  test("without replicas there is no number", async () => {
    const parsed = await parse(
      `${HEAD}templates: { t: { labels: { n: "\${index}" } } }\nvms:\n  web: { template: t, ${OK} }\n  db: { ${OK}, replicas: "\${index}" }\n`,
    );
    assert.deepEqual(codesOf(parsed), ["EXPRESSION_SYNTAX@4:33", "EXPRESSION_SYNTAX@7:51"]);
    assert.match(parsed.diagnostics[0]?.detail ?? "", /VM "web"/);
  });

  test("the replicas of a block may share a former name: the first takes it", async () => {
    desiredOf(await parse(`${HEAD}vms:\n  web: { ${OK}, replicas: 2, previous_names: [web] }\n`));
  });
});

suite("the hash of a spec", () => {
  const VMS = { a: `{ ${OK}, vcpu: 2, labels: { x: 'y', z: 'w' } }`, b: `{ ${OK} }` };
  const hash = async (text: string | Readonly<Record<string, string>>, cwd = "/spec"): Promise<string> =>
    desiredOf(await parse(text, { cwd })).specHash;

  test("is the same in whatever order, form, folder and number of files", async () => {
    const want = await hash(`${HEAD}vms:\n  a: ${VMS.a}\n  b: ${VMS.b}\n`);
    assert.equal(
      await hash(`vms:\n  b: ${VMS.b}\n  a: { labels: { z: w, x: 'y' }, vcpu: 2, image: debian-12, agent: desk }\n${HEAD}`, "/other"),
      want,
    );
    assert.equal(await hash({ "x.yaml": HEAD, "y.yaml": `vms: { b: ${VMS.b} }\n`, "z.yaml": `vms: { a: ${VMS.a} }\n` }), want);
    assert.equal(
      await hash(
        `${HEAD}templates: { unused: { vcpu: 9 } }\nvariables: { n: { type: integer, default: 2 } }\nvms:\n  a: ${VMS.a.replace("vcpu: 2", 'vcpu: "${var.n}"')}\n  b: ${VMS.b}\n`,
      ),
      want,
    );
    const secret = (cwd: string): Promise<string> =>
      hash(`${HEAD}vms: { a: { ${OK}, cloud_init: { password: { secret: 'file:pw', version: 1 } } } }\n`, cwd);
    assert.equal(await secret("/one"), await secret("/two"));
  });

  test("is another for every change of meaning", async () => {
    const texts = [
      `vms: { a: { ${OK} } }`,
      `vms: { a: { ${OK}, vcpu: 2 } }`,
      `vms: { a: { ${OK}, adopt: true } }`,
      `vms: { a: { ${OK}, previous_names: [b] } }`,
      `vms: { a: { ${OK}, replicas: 1 } }`,
      `vms: { a: { ${OK} }, b: { ${OK} } }`,
      `vms: { a: { ${OK} }, b: { ${OK}, depends_on: [a] } }`,
      `vms: { a: { ${OK}, cloud_init: { password: { secret: 'env:A', version: 1 } } } }`,
      `vms: { a: { ${OK}, cloud_init: { password: { secret: 'env:B', version: 1 } } } }`,
      `vms: { a: { ${OK}, cloud_init: { password: { secret: 'env:A', version: 2 } } } }`,
    ];
    const hashes = await Promise.all(texts.map((text) => hash(`${HEAD}${text}\n`)));
    assert.equal(new Set(hashes).size, texts.length);
    assert.notEqual(await hash(HEAD), await hash(HEAD.replace("shop", "shed")));
    assert.notEqual(await hash(HEAD), await hash(HEAD.replace("desk.example", "desk2.example")));
  });
});

test("whatever the text, there is an answer, and every problem has a place, a sentence and a hint", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated([FULL_SPEC]), mutated([`${HEAD}vms:\n  web: { ${OK} }\n`]), fc.string({ unit: "binary", maxLength: 100 })),
      async (text) => {
        const { desired, diagnostics } = await parse(text, { env: {} });
        assert.equal(desired === undefined, diagnostics.length > 0);
        const lines = text.split("\n");
        let before = [0, 0];
        for (const { at, detail, hint } of diagnostics) {
          assert.ok(at !== undefined && at.line <= lines.length && at.column >= 1, detail);
          assert.ok(at.line > before[0]! || (at.line === before[0] && at.column >= before[1]!), "sorted by place");
          before = [at.line, at.column];
          assert.ok(detail.endsWith("."), detail);
          assert.ok(hint !== undefined && hint !== "");
          // eslint-disable-next-line no-control-regex
          assert.doesNotMatch(detail + hint, /[^\x20-\x7e…→]/u);
        }
        for (const vm of desired?.vms ?? []) assert.ok(vm.origins[""]);
      },
    ),
    { numRuns: 700 },
  );
});
