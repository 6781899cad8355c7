import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseDefines, parseDescriptions, parseEnumerations } from "../../scripts/libvirt/description.ts";
import { protocolFiles } from "../../scripts/libvirt/table.ts";

const description = `
/* A comment; const IGNORED = 1; */
%#include "other.h"
const REMOTE_LIST_MAX = 16;
const REMOTE_NAME_MAX = NAME_BUFLEN;
typedef string remote_name<REMOTE_NAME_MAX>;
typedef remote_name *remote_maybe;
typedef opaque remote_id[ID_BUFLEN];
enum remote_kind { REMOTE_KIND_A = 0, REMOTE_KIND_B = 1 };
struct remote_thing_open_args {
    remote_name name;
    remote_maybe other; /* insert@1 */
    unsigned int flags;
    unsigned hyper big;
    remote_id ids<REMOTE_LIST_MAX>;
    char model[32];
    opaque data<4>;
    struct remote_thing_open_ret *nested;
};
union remote_value switch (int type) {
 case KIND_INT:
     int i;
 case 7:
     remote_name s;
};
struct remote_thing_event_msg { remote_value value; };
const REMOTE_PROGRAM = 0x20008086;

enum remote_procedure {
    /* Annotations: @priority: high, @readstream: 1 */
    /**
     * @generate: both
     */
    REMOTE_PROC_THING_OPEN = 1,

    /**
     * @priority: high
     * @readstream: 2
     */
    REMOTE_PROC_THING_CLOSE = 2,

    /**
     * @generate: both
     */
    REMOTE_PROC_THING_EVENT = 3
};
`;
const source = description.replace(
  "struct remote_thing_open_args",
  "struct remote_thing_open_ret { int x; };\nstruct remote_thing_open_args",
);
const known = new Map([
  ["NAME_BUFLEN", 257],
  ["ID_BUFLEN", 16],
  ["KIND_INT", 1],
]);

suite("a protocol description", () => {
  const { definitions, procedures } = parseDescriptions([source], known);

  test("gives every shape", () => {
    const byName = new Map(definitions.map((definition) => [definition.name, definition]));
    const named = (name: string) => ({ kind: "name", name });
    assert.deepEqual(byName.get("remote_name"), { kind: "alias", name: "remote_name", type: { kind: "string", max: 257 } });
    assert.deepEqual(byName.get("remote_maybe"), {
      kind: "alias",
      name: "remote_maybe",
      type: { kind: "optional", of: named("remote_name") },
    });
    assert.deepEqual(byName.get("remote_thing_open_args"), {
      kind: "struct",
      name: "remote_thing_open_args",
      fields: [
        { name: "name", type: named("remote_name") },
        { name: "other", type: named("remote_maybe") },
        { name: "flags", type: named("uint") },
        { name: "big", type: named("uhyper") },
        { name: "ids", type: { kind: "array", of: named("remote_id"), max: 16 } },
        { name: "model", type: { kind: "fixed", of: named("char"), count: 32 } },
        { name: "data", type: { kind: "bytes", max: 4 } },
        { name: "nested", type: { kind: "optional", of: named("remote_thing_open_ret") } },
      ],
    });
    assert.deepEqual(byName.get("remote_value"), {
      kind: "union",
      name: "remote_value",
      on: "type",
      arms: [
        { name: "i", type: named("int"), value: 1 },
        { name: "s", type: named("remote_name"), value: 7 },
      ],
    });
  });

  test("gives the procedures with the annotations that are theirs", () => {
    assert.deepEqual(procedures, [
      { name: "REMOTE_PROC_THING_OPEN", number: 1, isHighPriority: false, stream: undefined },
      { name: "REMOTE_PROC_THING_CLOSE", number: 2, isHighPriority: true, stream: "read" },
      { name: "REMOTE_PROC_THING_EVENT", number: 3, isHighPriority: false, stream: undefined },
    ]);
  });

  const unknown = [
    { text: "struct a { other b; };", message: /"b" has the unknown type "other"/ },
    { text: "const A = B;", message: /"B" is no number and no constant/ },
    { text: "program X { };", message: /starts with "program"/ },
    { text: "struct a { int b }", message: /"}" where ";" belongs/ },
    { text: "struct a { int b;", message: /ends in the middle/ },
  ];
  for (const { text, message } of unknown)
    test(`refuses ${text}`, () => assert.throws(() => parseDescriptions([text], new Map()), message));
});

suite("headers", () => {
  test("give their enums, whatever way a value is written", () => {
    const header = `
typedef enum {
    A_NONE = 0, /* nothing, = 9 */
    A_ONE  = (1 << 0),
    A_HIGH = 1U << 31,
    A_BOTH = A_ONE | A_TWO_OF_ANOTHER,
    A_NEXT,
    A_MINUS = -2,
# ifdef VIR_ENUM_SENTINELS
    A_LAST
# endif
} someFlags;`;
    assert.deepEqual(parseEnumerations(["typedef enum { A_TWO_OF_ANOTHER = 2 } other;", header])[1], {
      name: "someFlags",
      values: [
        ["A_NONE", 0],
        ["A_ONE", 1],
        ["A_HIGH", 2 ** 31],
        ["A_BOTH", 3],
        ["A_NEXT", 4],
        ["A_MINUS", -2],
      ],
    });
  });

  test("give the sizes that descriptions use", () => {
    assert.deepEqual(
      [...parseDefines(["# define VIR_UUID_BUFLEN (16)\n#define VIR_X (4096 + 1)\n#define VIR_Y foo"])],
      [
        ["VIR_UUID_BUFLEN", 16],
        ["VIR_X", 4097],
      ],
    );
  });
});

test("a constant that the client needs and the description lacks is an error", () => {
  const facts = { version: "9.0.0", enumerations: [], ...parseDescriptions([source], known) };
  assert.throws(() => protocolFiles(facts), /no constant "REMOTE_PROTOCOL_VERSION"/);
});
