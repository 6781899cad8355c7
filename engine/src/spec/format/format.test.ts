import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { golden } from "../../../../test/support/golden.ts";
import { FULL_SPEC, HEAD, mutated } from "../testdata/specs.ts";
import { readText } from "../text/read.ts";
import type { Node } from "../text/tree.ts";
import { formatSpec } from "./format.ts";

async function format(text: string): Promise<string> {
  const { text: formatted, diagnostics } = await formatSpec({ file: "ghost.yaml", text });
  assert.deepEqual(diagnostics, []);
  return formatted!;
}

/** What a text means, in whatever order its keys are. */
function meaning(node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "scalar") return [node.text, node.plain];
  if (node.kind === "list") return node.items.map(meaning);
  return node.entries.map(({ key, value }) => [key, meaning(value)] as const).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

async function meaningsOf(text: string): Promise<unknown> {
  return (await readText(text)).roots.map(meaning);
}

function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|\s)#.*$/gm)].map(([comment]) => comment.trim()).toSorted();
}

suite("formatSpec", () => {
  const cases: { name: string; text: string; want: string }[] = [
    {
      name: "keys in the order of the reference, names in the order of the author",
      text: "vms:\n  b: {image: debian-12,agent: x}\n  a:\n    ram_gb: 1\n    agent: x\nstack: s\nghost: 1\n",
      want: "ghost: 1\nstack: s\nvms:\n  b: { agent: x, image: debian-12 }\n  a:\n    agent: x\n    ram_gb: 1\n",
    },
    {
      name: "two spaces, one space behind a colon and before a comment",
      text: "vms:\n      web:\n          ram_gb:    1      #  one\n          ssh_keys:\n          -   a\n          -   b # second\n",
      want: "vms:\n  web:\n    ram_gb: 1 #  one\n    ssh_keys:\n      - a\n      - b # second\n",
    },
    {
      name: "comments move with the key below them, those deeper close the block above",
      text: "vms:\n  # about web\n  web:\n    # memory\n    ram_gb: 1\n    # who\n    agent: x\n    # last of web\n  # about db\n  db: {}\n# top level\nstack: s\n",
      want: "# top level\nstack: s\nvms:\n  # about web\n  web:\n    # who\n    agent: x\n    # memory\n    ram_gb: 1\n    # last of web\n  # about db\n  db: {}\n",
    },
    {
      name: "the top of the file stays, down to its last blank line",
      text: "# schema\n\n# about stack\nstack: s\nghost: 1\n",
      want: "# schema\n\nghost: 1\n# about stack\nstack: s\n",
    },
    {
      name: "the editor's line stays at the top",
      text: "# yaml-language-server: $schema=x\nstack: s\nghost: 1\n",
      want: "# yaml-language-server: $schema=x\nghost: 1\nstack: s\n",
    },
    {
      name: "blank lines: one of several, none at the start of a block",
      text: "\n\nghost: 1\n\n\nstack: s\nvms:\n\n  a: {}\n\n\n\n  b: {}\n\n\n",
      want: "ghost: 1\n\nstack: s\nvms:\n  a: {}\n\n  b: {}\n",
    },
    {
      name: "texts keep their quotes and their lines",
      text: 'vms:\n    web:\n        cloud_init:\n              user_data: |\n                    #cloud-config\n\n                      x: 1\n              packages: [\'a\', "b", c]\n        labels:\n              a: "x\n                y"\n',
      want: 'vms:\n  web:\n    cloud_init:\n      packages: [\'a\', "b", c]\n      user_data: |\n        #cloud-config\n\n          x: 1\n    labels:\n      a: "x\n        y"\n',
    },
    {
      name: "a flow map of several lines keeps them",
      text: "agents:\n    desk: { address: 'x:1', # one\n        tls: {} }\n",
      want: "agents:\n  desk: { address: 'x:1', # one\n    tls: {} }\n",
    },
    {
      name: "anchors, aliases and merge keys stay, and nothing moves",
      text: "vms:\n   a: &a\n      ram_gb: 1\n      agent: x\n   b:\n      <<: *a\n      agent: y\n",
      want: "vms:\n  a: &a\n    ram_gb: 1\n    agent: x\n  b:\n    <<: *a\n    agent: y\n",
    },
    {
      name: "keys that are unknown come last, in their order",
      text: "vms:\n  a:\n    zzz: 1\n    yyy: 2\n    agent: x\n",
      want: "vms:\n  a:\n    agent: x\n    zzz: 1\n    yyy: 2\n",
    },
    { name: "CRLF and a byte order mark go", text: "\ufeffghost: 1\r\nstack: s\r\n", want: "ghost: 1\nstack: s\n" },
    {
      name: "several documents stay as they are",
      text: "stack: s\nghost: 1\n---\nvms:   {}\n",
      want: "stack: s\nghost: 1\n---\nvms:   {}\n",
    },
    { name: "a value on the line below comes up", text: "stack:\n  s\nghost: 1\n", want: "ghost: 1\nstack: s\n" },
    {
      name: "disks and cards are sorted inside, not among each other",
      text: "vms:\n  a: { networks: { z: { mac: '52:54:00:00:00:01', network: n }, a: {} } }\n",
      want: "vms:\n  a: { networks: { z: { network: n, mac: '52:54:00:00:00:01' }, a: {} } }\n",
    },
    { name: "an empty file stays empty", text: "", want: "" },
  ];
  for (const { name, text, want } of cases) {
    test(name, async () => {
      assert.equal(await format(text), want);
      assert.equal(await format(want), want, "formatting twice");
    });
  }

  test("a whole spec", async (t) => golden(t, import.meta.url, "full.yaml", await format(FULL_SPEC)));

  test("a syntax error is told and nothing is written", async () => {
    const { text, diagnostics } = await formatSpec({ file: "ghost.yaml", text: "a: [\n" });
    assert.deepEqual(
      [text, diagnostics[0]?.code, diagnostics[0]?.at],
      [undefined, "SPEC_SYNTAX", { file: "ghost.yaml", line: 2, column: 1 }],
    );
  });

  const SEEDS = [FULL_SPEC, `${HEAD}vms:\n  web:\n    # c\n    agent: desk\n    image: debian-12 # d\n`, ...cases.map(({ text }) => text)];
  test("changes no meaning, loses no comment, and formatting twice changes nothing more", async () => {
    let formatted = 0;
    await fc.assert(
      fc.asyncProperty(
        mutated(SEEDS, [
          " ",
          "  ",
          "\n",
          "\n  ",
          "\n    ",
          "\n\n",
          " # c\n",
          "# c\n",
          "  # c\n",
          "      # c\n",
          "k: v\n",
          "  k:\n",
          "  - a\n",
          "{ b: c,a: d }",
          "|\n",
          "|+\n",
          ">-\n",
          "&a ",
          "*a",
          '"q"',
          "\t",
          "---\n",
          "? ",
          "<<: ",
        ]),
        async (text) => {
          const { text: once } = await formatSpec({ file: "x", text });
          if (once === undefined) return;
          formatted += 1;
          assert.deepEqual(await meaningsOf(once), await meaningsOf(text), `${JSON.stringify(text)}\n${once}`);
          assert.deepEqual(commentsOf(once), commentsOf(text.replaceAll("\r", "")), once);
          assert.equal(await format(once), once, JSON.stringify(text));
        },
      ),
      { numRuns: 700 },
    );
    assert.ok(formatted > 70, `${formatted}`);
  });
});
