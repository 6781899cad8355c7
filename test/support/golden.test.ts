import { suite, test } from "node:test";
import { golden } from "./golden.ts";

suite("golden", () => {
  test("compares plain text, byte for byte, with a file of testdata", (t) => {
    golden(t, import.meta.url, "greeting.txt", 'Hello,\n  "world"\n');
  });
});
