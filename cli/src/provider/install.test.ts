import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { installPackage, packageFolder } from "./install.ts";
import { providerPackage, providerPlatform } from "./package.ts";
import type { PackageFile } from "./package.ts";

async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-install-"));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function bundle(folder: string): Promise<string> {
  await mkdir(folder);
  for (const name of ["terraform-provider-ghost", "terraform-provider-ghost.bat", "start.cjs", "provider.cjs"])
    await writeFile(path.join(folder, name), `text of ${name}`);
  return folder;
}

function named(...names: readonly string[]): readonly PackageFile[] {
  return names.map((name) => ({ name, bytes: Buffer.from(name), executable: name === "run" }));
}

suite("providerPackage", () => {
  const cases = [
    { os: "linux", want: "terraform-provider-ghost_v1.2.3" },
    { os: "darwin", want: "terraform-provider-ghost_v1.2.3" },
    { os: "windows", want: "terraform-provider-ghost_v1.2.3.bat" },
  ] as const;
  for (const { os, want } of cases) {
    test(`${os}: only the launcher has a name that Terraform starts`, async () => {
      await using temp = await tempFolder();
      const files = await providerPackage(await bundle(path.join(temp.path, "bundle")), "1.2.3", os);
      assert.deepEqual(files.map(({ name }) => name).toSorted(), ["provider.cjs", "start.cjs", want]);
      assert.deepEqual(
        files.filter(({ executable }) => executable).map(({ name }) => name),
        [want],
      );
    });
  }

  test("platforms", () => {
    assert.deepEqual(
      [
        providerPlatform("linux", "x64"),
        providerPlatform("darwin", "arm64"),
        providerPlatform("win32", "x64"),
        providerPlatform("linux", "s390x"),
      ],
      ["linux_amd64", "darwin_arm64", "windows_amd64", undefined],
    );
  });
});

suite("installPackage", () => {
  test("writes all files, and again does nothing", async () => {
    await using temp = await tempFolder();
    const folder = packageFolder(temp.path, "1.2.3", "linux_amd64");
    assert.equal(folder, path.join(temp.path, "registry.terraform.io/ghost-vm/ghost/1.2.3/linux_amd64"));
    assert.equal(await installPackage(folder, named("run", "other")), "installed");
    assert.equal((await stat(path.join(folder, "run"))).mode & 0o777, 0o755);
    const before = (await stat(folder)).ino;
    assert.equal(await installPackage(folder, named("run", "other")), "present");
    assert.equal((await stat(folder)).ino, before);
  });

  const changes: readonly (readonly [name: string, change: (folder: string) => Promise<void>])[] = [
    ["another build", (folder) => writeFile(path.join(folder, "other"), "changed")],
    ["a file too many", (folder) => writeFile(path.join(folder, "stale"), "stale")],
    ["a file that is missing", (folder) => rm(path.join(folder, "other"))],
  ];
  for (const [name, change] of changes) {
    test(`${name} is replaced, and the other version stays`, async () => {
      await using temp = await tempFolder();
      const folder = packageFolder(temp.path, "1.2.3", "linux_amd64");
      const other = packageFolder(temp.path, "1.2.2", "linux_amd64");
      await installPackage(folder, named("run", "other"));
      await installPackage(other, named("run"));
      await change(folder);
      assert.equal(await installPackage(folder, named("run", "other")), "replaced");
      assert.deepEqual((await readdir(folder)).toSorted(), ["other", "run"]);
      assert.equal(await readFile(path.join(folder, "other"), "utf8"), "other");
      assert.deepEqual(await readdir(other), ["run"]);
      assert.deepEqual(await readdir(path.dirname(folder)), ["linux_amd64"]);
    });
  }

  test("a folder that cannot be written leaves nothing behind", async () => {
    await using temp = await tempFolder();
    await writeFile(path.join(temp.path, "registry.terraform.io"), "");
    await assert.rejects(installPackage(packageFolder(temp.path, "1.2.3", "linux_amd64"), named("run")), { code: "ENOTDIR" });
    assert.deepEqual(await readdir(temp.path), ["registry.terraform.io"]);
  });
});
