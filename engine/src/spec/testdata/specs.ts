/** Specs for tests: texts that people write, and generators of whole specs. */
import fc from "fast-check";
import { parseSpec } from "../parse.ts";
import type { ParsedSpec, ParseOptions } from "../parse.ts";

/** What every spec needs, in three lines. */
export const HEAD = "ghost: 1\nstack: shop\nagents: { desk: { address: 'desk.example:9090' } }\n";

/** A spec with everything that a spec can have. */
export const FULL_SPEC = `# yaml-language-server: $schema=ghost.schema.json
ghost: 1 # version
stack: shop

variables:
  web_count: { type: integer, default: 2, description: how many }
  room: { default: office }
  guard: { type: boolean, default: true }

agents:
  desk:
    address: desk.tailnet:9090
    tls: { ca: pki/ca.pem, cert: pki/ci.pem, key: pki/ci.key }
    timeout_s: 30
    settings:
      labels: { room: "\${var.room}" }
      reserved_vcpu: 2
      schedulable: true
  lab: { address: "unix:lab.sock" }

templates:
  # all of them
  web:
    image: debian-12
    vcpu: 2
    ram_gb: 4
    labels: { tier: front, number: "\${index}" }
    networks: { lan: { network: default } }

vms:
  web:
    template: web
    agent: desk
    replicas: \${var.web_count}
    labels: { role: web }
    networks: { lan: { bridge: br0 } }
  db-main:
    image_url: https://images.example/db.qcow2
    image_sha256: ${"ab".repeat(32)}
    agent: lab
    vcpu: 4
    vcpu_max: 8
    ram_gb: 8
    ram_max_gb: 16
    disks: { data: { size_gb: 100 } }
    protect: \${var.guard}
    disruption: { allow: restart }
    ssh_keys:
      - ssh-ed25519 AAAA me@desk # mine
      - "ssh-ed25519 BBBB: x"
    cloud_init:
      user_data: |
        #cloud-config
        runcmd: [ "echo $\${HOME}" ]

        # end
      password: { secret: "file:secrets/db", version: 3 }
    depends_on: [web]
    previous_names: [database]
# the end
`;

export async function parse(text: string | Readonly<Record<string, string>>, options: Partial<ParseOptions> = {}): Promise<ParsedSpec> {
  const files = typeof text === "string" ? { "ghost.yaml": text } : text;
  return parseSpec(
    Object.entries(files).map(([file, one]) => ({ file, text: one })),
    { cwd: "/spec", ...options },
  );
}

/** `CODE@line:column` of every problem, the file before it unless it is ghost.yaml. */
export function codesOf({ diagnostics }: ParsedSpec): string[] {
  return diagnostics.map(({ code, at }) => (at === undefined ? code : `${code}@${at.file === "ghost.yaml" ? "" : `${at.file}:`}${at.line}:${at.column}`));
}

/** Pieces of YAML that change what is around them. */
export const FRAGMENTS = [" ", "  ", "\n", "\n  ", "\n    ", "\n\n", ":", ": ", "- ", "-", " #", "# c\n", "  # c\n", '"', "'", "{", "}", "[", "]", ",", ", ", "|\n", "|-\n", "|+\n", ">\n", "&a ", "*a", "!!str ", "%", "@", "\t", "\r\n", "---\n", "...\n", "? ", "<<: ", "a", "b: c\n", "  x: y\n", "k:\n", "  - a\n", "\\", "\\n", "\\x41", "\u00e9", "\u{1f600}", "\u2028", "\u00a0", "~", "null", "0x10", "1e3", "`", "$", "${var.x}", "$${", "{ a: b }", "[a, b]", '"q"', "''", "__proto__", "constructor", "\u0000", "\u001b[31m", "\ufeff", "\u202e"];

/** A text, cut and filled with fragments at a few places. */
export function mutated(texts: readonly string[], fragments: readonly string[] = FRAGMENTS): fc.Arbitrary<string> {
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(6), put: fc.array(fc.constantFrom(...fragments), { maxLength: 3 }) });
  return fc.record({ text: fc.constantFrom(...texts), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) }).map(({ text, edits }) => {
    let result = text;
    for (const { at, cut, put } of edits) {
      const pos = Math.floor(at * result.length);
      result = result.slice(0, pos) + put.join("") + result.slice(pos + cut);
    }
    return result;
  });
}
