import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { readSpec, SpecError } from "./read-spec.ts";
import type { ReadOptions, ResolvedSpec } from "./resolved-spec.ts";

function read(text: string, options: Partial<ReadOptions> = {}): ResolvedSpec {
  return readSpec({ text, env: {}, cwd: "/spec", ...options });
}

/** The message of the error. */
function refusal(options: Partial<ReadOptions>): string {
  try {
    readSpec({ env: {}, cwd: "/spec", ...options });
  } catch (reason) {
    assert.ok(reason instanceof SpecError, String(reason));
    return reason.message;
  }
  throw new Error("it was read");
}

const HEAD = "ghost: 1\nstack: shop\nagents: { desk: { address: unix:agent.sock } }\n";

suite("readSpec", () => {
  test("variables, templates, replicas and dependencies are resolved", () => {
    const spec = read(
      `${HEAD}variables: { count: { type: integer } }
templates: { small: { image: debian-12, ram_gb: 2 } }
vms:
  web: { template: small, agent: desk, replicas: "\${var.count}", depends_on: [db] }
  db: { template: small, agent: desk, ram_gb: 8 }
  last: { template: small, agent: desk, depends_on: [web] }
`,
      { variables: { count: 2 } },
    );
    assert.deepEqual(
      spec.vms.map(({ name, attributes, dependsOn }) => [name, attributes["ramGb"], attributes["template"], dependsOn]),
      [
        ["web-1", 2, undefined, ["db"]],
        ["web-2", 2, undefined, ["db"]],
        ["db", 8, undefined, []],
        ["last", 2, undefined, ["web-1", "web-2"]],
      ],
    );
  });

  test("attributes have the names of constructs, keys of maps stay", () => {
    const [vm] = read(`${HEAD}vms:
  a:
    agent: desk
    image: debian-12
    ram_max_gb: 8
    wait_timeout_s: 5
    labels: { some_label: x_y }
    disks: { big-one: { size_gb: 5 } }
    networks: { lan: { network: default } }
    disruption: { allow: restart }
    adopt: true
    previous_names: [b, c]
`).vms;
    assert.deepEqual(vm, {
      name: "a",
      attributes: {
        name: "a",
        image: "debian-12",
        ramMaxGb: 8,
        waitTimeoutS: 5,
        labels: { some_label: "x_y" },
        disks: { "big-one": { sizeGb: 5 } },
        networks: { lan: { network: "default" } },
        disruption: { allow: "restart" },
        agent: "desk",
        adopt: true,
      },
      secrets: [],
      dependsOn: [],
      previousNames: ["b", "c"],
    });
  });

  test("a former name goes to the first replica, and to nobody while a VM has it", () => {
    const { vms } = read(`${HEAD}vms:
  web: { agent: desk, image: debian-12, replicas: 2, previous_names: [web, web-2, site] }
  db: { agent: desk, image: debian-12, previous_names: [web-1] }
`);
    assert.deepEqual(
      vms.map(({ name, previousNames }) => [name, previousNames]),
      [
        ["web-1", ["web", "site"]],
        ["web-2", []],
        ["db", []],
      ],
    );
  });

  test("a secret is its version and a reference, and never read", () => {
    const [vm] = read(
      `${HEAD}vms: { a: { agent: desk, image: debian-12, cloud_init: { packages: [x], password: { secret: "file:db", version: 3 } } } }`,
    ).vms;
    assert.deepEqual(vm?.attributes["cloudInit"], { packages: ["x"], passwordWoVersion: 3 });
    assert.deepEqual(vm?.secrets, [{ path: ["cloudInit", "passwordWo"], reference: "file:/spec/db" }]);
  });

  test("an agent is a connection with absolute paths, and settings when there are any", () => {
    const { agents } = read(`ghost: 1
stack: shop
agents:
  plain: { address: "desk:9090", timeout_s: 10 }
  full:
    address: unix:agent.sock
    timeout_s: 5
    tls: { ca: pki/ca.pem, server_name: desk }
    settings: { reserved_vcpu: 2, labels: { a_b: c } }
vms: { a: { agent: plain, image: debian-12 } }
`);
    assert.deepEqual(agents, [
      { name: "plain", connection: { address: "desk:9090" } },
      {
        name: "full",
        connection: { address: "unix:/spec/agent.sock", tls: { ca: "/spec/pki/ca.pem", serverName: "desk" }, timeoutS: 5 },
        settings: { reservedVcpu: 2, labels: { a_b: "c" } },
      },
    ]);
  });

  test("every problem is told with its place, its line and a caret", () => {
    assert.equal(
      refusal({ text: `${HEAD}vms:\n  a: { agent: desk, image: debian-12, ram_gb: 0 }\n  b: { agent: dsk, image: debian-12 }\n` }),
      `The Ghost spec has a problem.

Value out of range [SPEC_OUT_OF_RANGE]
  <text>:5:47
  5 |   a: { agent: desk, image: debian-12, ram_gb: 0 }
    |                                               ^
  "ram_gb" of VM "a" is 0 GiB; it must be between 1 and 4096.
  Hint: Set it to at least 1.

Unknown reference [SPEC_UNKNOWN_REFERENCE]
  <text>:6:15
  6 |   b: { agent: dsk, image: debian-12 }
    |               ^
  There is no agent "dsk".
  Hint: Did you mean "desk"?`,
    );
  });

  test("the caret stands under its place behind tabs", () => {
    assert.match(refusal({ text: `${HEAD}vms: {a:\t\t{ agent: desk, image: 5! } }\n` }), /\n {4}\| {9}\t\t {22}\^\n/);
  });

  test("a variable of the wrong type is told", () => {
    const text = `${HEAD}variables: { n: { type: integer } }\nvms: { a: { agent: desk, image: debian-12, replicas: "\${var.n}" } }\n`;
    assert.match(
      refusal({ text, variables: { n: "many" } }),
      /variables gives the variable "n" the value "many"; it is declared as an integer in <text>:4/,
    );
  });

  test("files, folders and what cannot be read", () => {
    const cwd = mkdtempSync(path.join(tmpdir(), "ghost-read-"));
    try {
      writeFileSync(path.join(cwd, "a.yaml"), HEAD);
      writeFileSync(path.join(cwd, "b.yml"), "vms: { a: { agent: desk, image: debian-12 } }\n");
      writeFileSync(path.join(cwd, "latin1.txt"), Buffer.from([0x61, 0x3a, 0xe9]));
      assert.deepEqual(
        readSpec({ file: ".", env: {}, cwd }).vms.map(({ name }) => name),
        ["a"],
      );
      assert.equal(readSpec({ file: "a.yaml", env: {}, cwd }).agents[0]?.connection["address"], `unix:${path.join(cwd, "agent.sock")}`);
      assert.match(refusal({ file: "latin1.txt", cwd }), /latin1\.txt is not UTF-8 text\./);
      assert.match(refusal({ file: "nowhere.yaml", cwd }), /There is no file nowhere\.yaml/);
      assert.match(refusal({ file: "a.yaml/x", cwd }), /a\.yaml\/x cannot be read \(ENOTDIR\)\./);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });

  test("a file and a text, or neither, is a mistake of the program", () => {
    assert.throws(() => readSpec({ file: "a", text: "b", env: {}, cwd: "/" }), /either a file or a text/);
    assert.throws(() => readSpec({ env: {}, cwd: "/" }), /either a file or a text/);
  });
});
