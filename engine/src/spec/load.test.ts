import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { loadSpec } from "./load.ts";

async function withFiles(files: Readonly<Record<string, string | Uint8Array>>, body: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await mkdtemp(path.join(tmpdir(), "ghost-load-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), text);
    }
    await body(cwd);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function filesOf(paths: readonly string[], cwd: string): Promise<readonly string[]> {
  const { sources, diagnostics } = await loadSpec(paths, { cwd });
  assert.deepEqual(diagnostics, []);
  return sources.map(({ file, text }) => `${file}=${text}`);
}

suite("loadSpec", () => {
  test("without a path it takes ghost.yaml, else ghost.yml", () =>
    withFiles({ "ghost.yaml": "a", "sub/ghost.yml": "b", "empty/x.txt": "" }, async (cwd) => {
      assert.deepEqual(await filesOf([], cwd), ["ghost.yaml=a"]);
      assert.deepEqual(await filesOf([], path.join(cwd, "sub")), ["ghost.yml=b"]);
      const { sources, diagnostics } = await loadSpec([], { cwd: path.join(cwd, "empty") });
      assert.deepEqual([sources, diagnostics[0]?.code], [[], "SPEC_NOT_FOUND"]);
      assert.match(diagnostics[0]?.hint ?? "", /ghost init/);
    }));

  test("a folder gives its YAML files, sorted, no hidden ones, no folders below", () =>
    withFiles(
      { "d/b.yml": "b", "d/a.yaml": "a", "d/.hidden.yaml": "h", "d/x.txt": "x", "d/sub/c.yaml": "c", "d/dir.yaml/x": "" },
      async (cwd) => {
        assert.deepEqual(await filesOf(["d"], cwd), ["d/a.yaml=a", "d/b.yml=b"]);
        assert.deepEqual(await filesOf([path.join(cwd, "d/b.yml"), "d/b.yml", "d/b.yml"], cwd), [`${cwd}/d/b.yml=b`, "d/b.yml=b"]);
      },
    ));

  test("each source knows its folder", () =>
    withFiles({ "d/a.yaml": "a" }, async (cwd) => {
      const { sources } = await loadSpec(["d/a.yaml", "-"], { cwd, stdin: "s" });
      assert.deepEqual(sources, [
        { file: "d/a.yaml", folder: path.join(cwd, "d"), text: "a" },
        { file: "<stdin>", folder: cwd, text: "s" },
      ]);
    }));

  test("every problem at once: not there, no permission, an empty folder, a closed stdin", () =>
    withFiles({ "e/x.txt": "", "ok.yaml": "ok" }, async (cwd) => {
      await symlink("loop", path.join(cwd, "loop"));
      const { sources, diagnostics } = await loadSpec(["gone.yaml", "loop", "e", "-", "ok.yaml"], { cwd });
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        ["SPEC_NOT_FOUND", "SPEC_UNREADABLE", "SPEC_NOT_FOUND", "SPEC_NOT_FOUND"],
      );
      assert.deepEqual(
        sources.map(({ text }) => text),
        ["ok"],
      );
      for (const { hint } of diagnostics) assert.ok(hint);
    }));

  test("what is no UTF-8 is told with its place", () =>
    withFiles(
      {
        "a.yaml": Buffer.concat([Buffer.from("ghost: 1\nä: "), Buffer.from([0xff]), Buffer.from("x".repeat(1000))]),
        "b.yaml": Buffer.from("\ufeffghost: 1", "utf16le"),
      },
      async (cwd) => {
        const { diagnostics } = await loadSpec(["a.yaml", "b.yaml"], { cwd });
        assert.deepEqual(
          diagnostics.map(({ code, at }) => [code, at?.line, at?.column]),
          [
            ["SPEC_UNREADABLE", 2, 4],
            ["SPEC_UNREADABLE", 1, 1],
          ],
        );
        assert.match(diagnostics[1]?.detail ?? "", /UTF-16/);
      },
    ));

  test("a large file is refused by its size, a pipe by what comes, all together by their sum", () =>
    withFiles({ "a.yaml": "x".repeat(600), "b.yaml": "y".repeat(600) }, async (cwd) => {
      const big = await open(path.join(cwd, "big.yaml"), "w");
      await big.truncate(50 * 2 ** 20);
      await big.close();
      const codes = async (paths: readonly string[], limits: object = {}): Promise<readonly string[]> =>
        (await loadSpec(paths, { cwd, ...limits })).diagnostics.map(({ code }) => code);
      assert.deepEqual(await codes(["big.yaml"]), ["SPEC_TOO_LARGE"]);
      assert.deepEqual(await codes(["a.yaml", "b.yaml"]), []);
      assert.deepEqual(await codes(["a.yaml"], { maxFileBytes: 100 }), ["SPEC_TOO_LARGE"]);
      assert.deepEqual(await codes(["a.yaml", "b.yaml"], { maxTotalBytes: 1000 }), ["SPEC_TOO_LARGE"]);
      assert.deepEqual(
        (await loadSpec(["-"], { cwd, stdin: "x".repeat(101), maxFileBytes: 100 })).diagnostics.map(({ code }) => code),
        ["SPEC_TOO_LARGE"],
      );
      execFileSync("mkfifo", [path.join(cwd, "pipe")]);
      const loading = codes(["pipe"], { maxFileBytes: 100_000 });
      const writer = await open(path.join(cwd, "pipe"), "w");
      await writer.write(Buffer.alloc(30_000));
      await writer.write(Buffer.alloc(30_000));
      const third = writer.write(Buffer.alloc(60_000)).catch(() => undefined);
      assert.deepEqual(await loading, ["SPEC_TOO_LARGE"]);
      await third;
      await writer.close();
    }));
});
