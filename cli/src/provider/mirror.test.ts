import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { findMirror } from "./mirror.ts";

const NAMED = 'provider_installation {\n  filesystem_mirror {\n    path = "/srv/mirror"\n  }\n}\n';

suite("findMirror", () => {
  const cases: readonly (readonly [name: string, config: string | undefined, want: string, isHidden?: boolean])[] = [
    ["without a configuration, the one in every home", undefined, "HOME/.terraform.d/plugins"],
    ["a configuration of other things changes nothing", 'plugin_cache_dir = "/srv/cache"\n', "HOME/.terraform.d/plugins"],
    ["the mirror that the configuration names", NAMED, "/srv/mirror"],
    [
      "in the first block that serves the provider",
      NAMED.replace("filesystem_mirror", 'filesystem_mirror {\n path = "/srv/other"\n include = ["hashicorp/*"]\n }\n filesystem_mirror'),
      "/srv/mirror",
    ],
    ["a pattern with the host", NAMED.replace("path", 'include = ["registry.terraform.io/ghost-vm/*"]\n    path'), "/srv/mirror"],
    ["a pattern of everything", NAMED.replace("path", 'include = ["*/*"]\n    path'), "/srv/mirror"],
    [
      "excluded: Terraform will not look in the home either",
      NAMED.replace("path", 'exclude = ["ghost-vm/ghost"]\n    path'),
      "HOME/.terraform.d/plugins",
      true,
    ],
    [
      "only direct: Terraform will not look in the home either",
      "provider_installation {\n  direct {}\n}\n",
      "HOME/.terraform.d/plugins",
      true,
    ],
    ["what is commented out is not there", `# ${NAMED.replaceAll("\n", "\n# ")}\n/* ${NAMED} */`, "HOME/.terraform.d/plugins"],
  ];
  for (const [name, config, want, isHidden = false] of cases) {
    test(name, async () => {
      const home = await mkdtemp(path.join(tmpdir(), "ghost-mirror-"));
      try {
        if (config !== undefined) await writeFile(path.join(home, ".terraformrc"), config);
        const found = await findMirror({ HOME: home }, "linux");
        assert.equal(found?.dir.replace(home, "HOME"), want);
        assert.equal(found?.isHiddenBy !== undefined, isHidden);
      } finally {
        await rm(home, { recursive: true });
      }
    });
  }

  test("TF_CLI_CONFIG_FILE is the configuration, and one that is not there is none", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "ghost-mirror-"));
    try {
      const file = path.join(dir, "some.rc");
      await writeFile(file, NAMED);
      assert.deepEqual(await findMirror({ HOME: "/home/me", TF_CLI_CONFIG_FILE: file }, "linux"), { dir: "/srv/mirror", namedBy: file });
      assert.deepEqual(await findMirror({ HOME: "/home/me", TF_CLI_CONFIG_FILE: `${file}.no` }, "linux"), {
        dir: "/home/me/.terraform.d/plugins",
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("Windows keeps it in the roaming profile", async () => {
    assert.match((await findMirror({ APPDATA: "C:\\Me" }, "win32"))?.dir ?? "", /^C:\\Me.terraform\.d.plugins$/);
  });

  test("no home, no mirror", async () => assert.equal(await findMirror({}, "linux"), undefined));
});
