import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Provider } from "../protocol6/provider.ts";
import { schemaJson } from "./schema-json.ts";

suite("schemaJson", () => {
  test("says what is so, sorted, and leaves out the rest", () => {
    const provider: Provider = {
      schema: { version: 0, description: "", attributes: { b: { description: "B.", type: "string", required: true, sensitive: false } } },
      resources: {},
      dataSources: {
        x_one: {
          schema: {
            version: 2,
            description: "One.",
            attributes: {
              nested: {
                description: "",
                optional: true,
                computed: true,
                nested: { nesting: "map", attributes: { size: { description: "Size.", type: "number", required: true } } },
              },
              many: { description: "Many.", type: ["list", ["object", { z: "string", a: "bool" }]], computed: true, deprecated: "No." },
              word: { description: "Word.", type: "string", optional: true, sensitive: true, write_only: true },
            },
          },
          read: async () => ({}),
        },
      },
      functions: {
        f: {
          schema: {
            summary: "F.",
            description: "",
            parameters: [{ name: "p", type: "dynamic", description: "P.", allow_null: true, allow_unknown: true }],
            returns: ["tuple", ["string"]],
          },
          call: async () => null,
        },
      },
      actions: {},
      configure: async () => [],
    };
    assert.deepEqual(schemaJson("host/name/type", provider), {
      format_version: "1.0",
      provider_schemas: {
        "host/name/type": {
          provider: {
            version: 0,
            block: {
              attributes: { b: { type: "string", description: "B.", description_kind: "markdown", required: true } },
              description_kind: "markdown",
            },
          },
          data_source_schemas: {
            x_one: {
              version: 2,
              block: {
                attributes: {
                  many: {
                    type: ["list", ["object", { a: "bool", z: "string" }]],
                    description: "Many.",
                    description_kind: "markdown",
                    deprecated: true,
                    computed: true,
                  },
                  nested: {
                    nested_type: {
                      attributes: { size: { type: "number", description: "Size.", description_kind: "markdown", required: true } },
                      nesting_mode: "map",
                    },
                    description_kind: "markdown",
                    optional: true,
                    computed: true,
                  },
                  word: {
                    type: "string",
                    description: "Word.",
                    description_kind: "markdown",
                    optional: true,
                    sensitive: true,
                    write_only: true,
                  },
                },
                description: "One.",
                description_kind: "markdown",
              },
            },
          },
          functions: {
            f: {
              summary: "F.",
              return_type: ["tuple", ["string"]],
              parameters: [{ name: "p", description: "P.", is_nullable: true, type: "dynamic" }],
            },
          },
        },
      },
    });
  });
});
