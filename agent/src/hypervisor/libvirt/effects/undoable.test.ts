import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError, problem } from "@ghost/schemas";
import { undoable } from "./undoable.ts";

suite("undoable", () => {
  test("nothing is undone of what went well", async () => {
    assert.equal(
      await undoable("VM", async (done) => {
        done("x is done", () => Promise.reject(new Error("undone")));
        return 1;
      }),
      1,
    );
  });

  test("a failure undoes what was done, the last first", async () => {
    const undone: string[] = [];
    const steps = undoable("VM", async (done) => {
      for (const name of ["a", "b"]) done(name, async () => void undone.push(name));
      throw new Error("no");
    });
    await assert.rejects(steps, /^Error: no$/);
    assert.deepEqual(undone, ["b", "a"]);
  });

  test("what cannot be undone is said, with the code and hint of the failure", async () => {
    const steps = undoable("VM", async (done) => {
      done("the disk is attached", () => Promise.reject(new Error("no")));
      done("the name is new", async () => undefined);
      throw problem("HOST_OUT_OF_DISK", "It is full.", { hint: "Make room." });
    });
    await assert.rejects(steps, (error: unknown) => {
      assert.ok(error instanceof GhostError);
      const [{ code, detail, hint }] = error.diagnostics;
      assert.deepEqual(
        [code, detail, hint],
        ["HOST_OUT_OF_DISK", "It is full. Not all of the change could be undone: the disk is attached.", "Make room."],
      );
      return true;
    });
  });
});
