import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { agentConfig, GhostError } from "@ghost/schemas";
import type { Attribute, Diagnostic } from "@ghost/schemas";
import { loadAgentConfig } from "./load.ts";
import type { LoadedConfig } from "./load.ts";

/** Loads a text as FOLDER/agent.yaml; in the text and in the answer, the folder is `DIR`. */
async function load(text: string, env: Record<string, string> = {}): Promise<LoadedConfig> {
  const folder = await mkdtemp(join(tmpdir(), "ghost-config-"));
  try {
    await mkdir(join(folder, "pki"));
    for (const name of ["agent.crt", "agent.key", "ca.crt"]) await writeFile(join(folder, "pki", name), "");
    const file = join(folder, "agent.yaml");
    await writeFile(file, text.replaceAll("DIR", folder));
    const loaded = await loadAgentConfig(file, env);
    return JSON.parse(JSON.stringify(loaded).replaceAll(folder, "DIR"));
  } catch (reason) {
    if (!(reason instanceof GhostError)) throw reason;
    throw new GhostError(JSON.parse(JSON.stringify(reason.diagnostics).replaceAll(folder, "DIR")));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function refusals(text: string, env: Record<string, string> = {}): Promise<readonly Diagnostic[]> {
  try {
    await load(text, env);
  } catch (reason) {
    assert.ok(reason instanceof GhostError, String(reason));
    return reason.diagnostics;
  }
  return assert.fail("it was taken");
}

const TLS = "  tls_enabled: true\n  tls_cert: pki/agent.crt\n  tls_key: pki/agent.key\n  tls_ca: pki/ca.crt\n";

suite("loadAgentConfig", () => {
  test("without a file everything is on this machine alone", async () => {
    const { config, warnings } = await loadAgentConfig(undefined, { XDG_DATA_HOME: "/home/me/data" });
    const dataDir = process.getuid?.() === 0 ? "/var/lib/ghost" : "/home/me/data/ghost";
    assert.equal(config.dataDir, dataDir);
    assert.deepEqual(config.grpc, { address: `unix:${dataDir}/agent.sock` });
    assert.deepEqual(config.metrics, { host: "127.0.0.1", port: 9091, path: "/metrics" });
    assert.deepEqual(config.health, { host: "127.0.0.1", port: 9092, path: "/health" });
    assert.equal(config.core, undefined);
    assert.match(config.name, /^[A-Za-z0-9]/);
    assert.deepEqual(warnings, []);
  });

  test("every key is honoured", async () => {
    const { config, warnings } = await load(`
agent:
  name: my-pc
  api_url: https://core.example:8080
  heartbeat_interval: 1m30s
hypervisor: libvirt
data_dir: data
default_template: ubuntu-24.04
libvirt:
  uri: qemu:///session
  storage_pool: vms
  network: lan
  image_cache: /srv/images
images: { mirrors: ["http://mirror.lan/images"] }
resources: { reserved_cpu: 2, reserved_ram_gb: 4, reserved_disk_gb: 50 }
operations: { max_running: 3, keep_days: 5 }
grpc:
  listen_addr: 0.0.0.0:9090
${TLS}
core: { tls_ca: pki/ca.crt, tls_cert: pki/agent.crt, tls_key: pki/agent.key, tls_server_name: core }
logging: { level: debug, output: both, file: log/agent.log, format: text, max_size: 5, max_age: 2 }
metrics: { listen_addr: ":9191", path: /m }
health: { listen_addr: "[::1]:9292", path: /h }
`);
    assert.deepEqual(config, {
      name: "my-pc",
      hypervisor: "libvirt",
      dataDir: "DIR/data",
      defaultTemplate: "ubuntu-24.04",
      libvirt: {
        uri: "qemu:///session",
        storagePool: "vms",
        network: "lan",
        imageCache: "/srv/images",
        mirrors: ["http://mirror.lan/images"],
      },
      simulated: {},
      reserved: { vcpu: 2, ram_gb: 4, disk_gb: 50 },
      operations: { maxRunning: 3, keepDays: 5 },
      grpc: { address: "0.0.0.0:9090", tls: { cert: "DIR/pki/agent.crt", key: "DIR/pki/agent.key", ca: "DIR/pki/ca.crt" } },
      core: {
        address: "core.example:8080",
        tls: { ca: "DIR/pki/ca.crt", cert: "DIR/pki/agent.crt", key: "DIR/pki/agent.key", serverName: "core" },
        heartbeatMs: 90_000,
      },
      logging: { level: "debug", stdout: true, file: { path: "DIR/log/agent.log", maxBytes: 5_000_000, maxAgeDays: 2 }, format: "text" },
      metrics: { host: "", port: 9191, path: "/m" },
      health: { host: "::1", port: 9292, path: "/h" },
    });
    assert.deepEqual(warnings, []);
  });

  test("the example is taken as it is", async () => {
    const { config, warnings } = await loadAgentConfig(join(import.meta.dirname, "../../../examples", agentConfig.example), {});
    assert.equal(config.name, "my-pc");
    assert.deepEqual(warnings, []);
  });

  test("the original's own file is taken, with what has no effect said", async () => {
    const { config, warnings } = await load(`
agent: { name: my-pc, api_url: "https://100.64.0.1:8080", heartbeat_interval: 30s, version: 1.0.0 }
libvirt: { uri: "qemu:///system", storage_pool: default, network: default, image_cache: /var/lib/ghost/images }
resources: { reserved_cpu: 2, reserved_ram_gb: 4, reserved_disk_gb: 50 }
grpc: { listen_addr: "0.0.0.0:9090", tls_enabled: true, tls_cert: DIR/pki/agent.crt, tls_key: DIR/pki/agent.key, tls_ca: DIR/pki/ca.crt }
logging: { level: info, output: both, file: /var/log/ghost/agent.log, format: json, max_size: 100, max_age: 7 }
metrics: { enabled: true, listen_addr: "0.0.0.0:9091", path: /metrics }
health: { listen_addr: "0.0.0.0:9092", path: /health }
`);
    assert.equal(config.core?.address, "100.64.0.1:8080");
    assert.deepEqual(
      warnings.map(({ path }) => path?.join(".")),
      ["agent.version"],
    );
  });

  const values: readonly {
    name: string;
    text: string;
    env?: Record<string, string>;
    get: (config: LoadedConfig["config"]) => unknown;
    want: unknown;
  }[] = [
    {
      name: "a bare address of Ghost Core",
      text: "agent: { api_url: 127.0.0.1:8080 }",
      get: ({ core }) => core,
      want: { address: "127.0.0.1:8080", heartbeatMs: 30_000 },
    },
    {
      name: "https without a port",
      text: "agent: { api_url: https://core.example/ }",
      get: ({ core }) => core,
      want: { address: "core.example:443", tls: {}, heartbeatMs: 30_000 },
    },
    {
      name: "an IPv6 address of Ghost Core",
      text: 'agent: { api_url: "http://[::1]:80" }',
      get: ({ core }) => core?.address,
      want: "[::1]:80",
    },
    { name: "no Ghost Core", text: 'agent: { api_url: "" }', get: ({ core }) => core, want: undefined },
    {
      name: "loopback in plain text",
      text: "grpc: { listen_addr: localhost:9090 }",
      get: ({ grpc }) => grpc,
      want: { address: "localhost:9090" },
    },
    { name: "IPv6 loopback", text: 'grpc: { listen_addr: "[::1]:0" }', get: ({ grpc }) => grpc, want: { address: "[::1]:0" } },
    {
      name: "a relative socket",
      text: "grpc: { listen_addr: unix:run/agent.sock }",
      get: ({ grpc }) => grpc,
      want: { address: "unix:DIR/run/agent.sock" },
    },
    {
      name: "a group of the socket",
      text: "grpc: { listen_addr: unix:/run/a.sock, socket_group: libvirt }",
      get: ({ grpc }) => grpc,
      want: { address: "unix:/run/a.sock", socketGroup: "libvirt" },
    },
    {
      name: "the socket is in data_dir",
      text: "data_dir: /srv/ghost",
      get: ({ grpc }) => grpc,
      want: { address: "unix:/srv/ghost/agent.sock" },
    },
    { name: "every address with TLS", text: `grpc:\n  listen_addr: :9090\n${TLS}`, get: ({ grpc }) => grpc.address, want: "0.0.0.0:9090" },
    { name: "metrics off", text: "metrics: { enabled: false }", get: ({ metrics }) => metrics, want: undefined },
    { name: "health off", text: "health: { enabled: false }", get: ({ health }) => health, want: undefined },
    {
      name: "the log goes to stdout alone",
      text: "",
      get: ({ logging }) => logging,
      want: { level: "info", stdout: true, format: "json" },
    },
    {
      name: "the log goes to a file alone",
      text: "data_dir: /srv/ghost\nlogging: { output: file }",
      get: ({ logging }) => logging,
      want: { level: "info", stdout: false, file: { path: "/srv/ghost/agent.log", maxBytes: 100_000_000, maxAgeDays: 7 }, format: "json" },
    },
    { name: "the simulated host's size", text: "simulated: { vcpu: 4 }", get: ({ simulated }) => simulated, want: { vcpu: 4 } },
    { name: "an empty file", text: "", get: ({ hypervisor }) => hypervisor, want: "auto" },
    {
      name: "a section whose keys are commented out",
      text: "grpc:\n  # listen_addr: x\n",
      get: ({ defaultTemplate }) => defaultTemplate,
      want: "debian-12",
    },
    { name: "a key without a value", text: "data_dir:\nagent: { name: }", get: ({ name }) => name !== "", want: true },
    {
      name: "the environment over the file",
      text: "agent: { name: a }",
      env: { GHOST_AGENT_NAME: "b" },
      get: ({ name }) => name,
      want: "b",
    },
    {
      name: "a key of the environment alone",
      text: "",
      env: { GHOST_GRPC_LISTEN_ADDR: "127.0.0.1:1" },
      get: ({ grpc }) => grpc.address,
      want: "127.0.0.1:1",
    },
    {
      name: "a top key of the environment",
      text: "",
      env: { GHOST_DEFAULT_TEMPLATE: "x" },
      get: ({ defaultTemplate }) => defaultTemplate,
      want: "x",
    },
    {
      name: "a number of the environment",
      text: "resources: { reserved_ram_gb: 1 }",
      env: { GHOST_RESOURCES_RESERVED_CPU: "3" },
      get: ({ reserved }) => reserved,
      want: { vcpu: 3, ram_gb: 1, disk_gb: 0 },
    },
    {
      name: "a boolean of the environment",
      text: "",
      env: { GHOST_METRICS_ENABLED: "false" },
      get: ({ metrics }) => metrics,
      want: undefined,
    },
    {
      name: "no pool: the disks are in data_dir",
      text: "data_dir: /srv/ghost\nlibvirt: { storage_pool: }",
      get: ({ libvirt }) => libvirt,
      want: { uri: "qemu:///system", network: "default", imageCache: "/srv/ghost/images", mirrors: [] },
    },
    {
      name: "a list of the environment",
      text: "",
      env: { GHOST_IMAGES_MIRRORS: "http://a/, http://b/" },
      get: ({ libvirt }) => libvirt.mirrors,
      want: ["http://a/", "http://b/"],
    },
    {
      name: "an empty variable sets nothing",
      text: "agent: { name: a }",
      env: { GHOST_AGENT_NAME: "" },
      get: ({ name }) => name,
      want: "a",
    },
  ];
  for (const { name, text, env, get, want } of values) {
    test(name, async () => assert.deepEqual(get((await load(text, env)).config), want));
  }

  const warned: readonly { name: string; text: string; path: string; says: RegExp }[] = [
    { name: "agent.version", text: "agent: { version: 2.0.0 }", path: "agent.version", says: /built as/ },
    { name: "reports in plain text", text: "agent: { api_url: 100.64.0.1:8080 }", path: "agent.api_url", says: /plain text/ },
    { name: "TLS files without TLS", text: "grpc: { tls_ca: pki/ca.crt }", path: "grpc.tls_ca", says: /tls_enabled is false/ },
    {
      name: "a group of no socket",
      text: "grpc: { listen_addr: 127.0.0.1:1, socket_group: libvirt }",
      path: "grpc.socket_group",
      says: /is no unix socket/,
    },
    { name: "TLS to no Ghost Core", text: "core: { tls_ca: pki/ca.crt }", path: "core", says: /api_url is not set/ },
    { name: "a log file that is not written", text: "logging: { file: x.log }", path: "logging.file", says: /output is stdout/ },
    {
      name: "libvirt of a simulated host",
      text: "hypervisor: simulated\nlibvirt: { uri: x }",
      path: "libvirt",
      says: /hypervisor is simulated/,
    },
    {
      name: "mirrors of a simulated host",
      text: "hypervisor: simulated\nimages: { mirrors: [http://a] }",
      path: "images",
      says: /hypervisor is simulated/,
    },
    {
      name: "the simulated host of libvirt",
      text: "hypervisor: libvirt\nsimulated: { vcpu: 1 }",
      path: "simulated",
      says: /hypervisor is libvirt/,
    },
  ];
  for (const { name, text, path, says } of warned) {
    test(`${name}: warned`, async () => {
      const { warnings } = await load(text);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0]?.path?.join("."), path);
      assert.match(warnings[0]?.detail ?? "", says);
      assert.equal(warnings[0]?.severity, "warning");
      assert.ok(warnings[0]?.at);
    });
  }
});

suite("loadAgentConfig refuses", () => {
  const cases: readonly { name: string; text: string; at?: string; says: RegExp; hint?: RegExp }[] = [
    {
      name: "an unknown key",
      text: "grpc:\n  listen_adr: x\n",
      at: "2:3",
      says: /"grpc" has no key "listen_adr"/,
      hint: /Did you mean "listen_addr"/,
    },
    { name: "an unknown section", text: "\ngrcp: { }\n", at: "2:1", says: /has no key "grcp"/, hint: /"grpc"/ },
    { name: "a key of another section", text: "reserved_cpu: 2", at: "1:1", says: /reserved_cpu/, hint: /resources\.reserved_cpu/ },
    { name: "an unknown key without a value", text: "foo:", at: "1:1", says: /"foo"/ },
    { name: "__proto__", text: "__proto__: { a: 1 }", says: /"__proto__"/ },
    {
      name: "a text for a number",
      text: "resources:\n  reserved_cpu: two",
      at: "2:17",
      says: /"resources.reserved_cpu" is the text "two"; it must be a whole number from 0 to 4096/,
    },
    { name: "a fraction", text: "resources: { reserved_ram_gb: 1.5 }", says: /1\.5.*whole number/ },
    { name: "out of range", text: "operations: { max_running: 0 }", says: /from 1 to 1000/ },
    { name: "a word for a boolean", text: "metrics:\n  enabled: yes", at: "2:12", says: /the text "yes"; it must be true or false/ },
    { name: "a wrong choice", text: "logging: { level: loud }", says: /one of trace, debug, info, warn, error/ },
    { name: "a section that is none", text: "grpc: 9090", at: "1:7", says: /"grpc" is 9090; it must have keys and values/ },
    { name: "a list for a section", text: "grpc: [a]", says: /"grpc" is a list/ },
    { name: "a file that is a list", text: "- a", at: "1:1", says: /The file is a list/ },
    { name: "a name with spaces", text: "agent: { name: my pc }", says: /"my pc"/ },
    { name: "a duration without its unit", text: 'agent: { heartbeat_interval: "30" }', says: /a duration like 30s/ },
    { name: "a number for a duration", text: "agent: { heartbeat_interval: 30 }", says: /is 30; it must be a duration/ },
    { name: "a heartbeat that is too fast", text: "agent: { heartbeat_interval: 10ms }", at: "1:30", says: /from 1s to 1h/ },
    {
      name: "a mirror without http",
      text: "images:\n  mirrors: [mirror.lan]",
      at: "2:13",
      says: /"images.mirrors.0" is the text "mirror.lan"; it must be an address that begins with/,
    },
    { name: "a path in Ghost Core's address", text: "agent: { api_url: https://core.example/api }", says: /https:\/\/host:port/ },
    { name: "a bare name for Ghost Core", text: "agent: { api_url: core.example }", says: /host:port/ },
    { name: "a port that is none", text: "agent: { api_url: core.example:70000 }", says: /65535/ },
    {
      name: "other machines without TLS",
      text: "grpc:\n  listen_addr: 0.0.0.0:9090",
      at: "2:16",
      says: /other machines can reach.*tls_enabled is false/,
      hint: /tls_cert, tls_key and tls_ca/,
    },
    { name: "every address without TLS", text: "grpc: { listen_addr: :9090 }", says: /other machines/ },
    {
      name: "TLS without a file",
      text: "grpc: { tls_enabled: true, tls_cert: pki/agent.crt, tls_key: pki/agent.key }",
      says: /grpc\.tls_ca is not set/,
    },
    {
      name: "TLS with a file that is not there",
      text: `grpc:\n${TLS.replace("pki/ca", "pki/cb")}`,
      at: "5:11",
      says: /"grpc.tls_ca" is DIR\/pki\/cb\.crt, which is not there/,
    },
    {
      name: "a key without its certificate",
      text: "agent: { api_url: https://core.example }\ncore: { tls_key: pki/agent.key }",
      says: /belong together/,
    },
    {
      name: "a socket's path that is too long",
      text: `grpc: { listen_addr: "unix:/${"x".repeat(120)}" }`,
      says: /121 bytes; the system takes 107/,
    },
    { name: "one path for two answers", text: 'metrics: { path: /live, listen_addr: "127.0.0.1:9092" }', says: /share one address/ },
    { name: "health where readiness is", text: "health: { path: /ready }", says: /something else answers/ },
    { name: "what is not YAML", text: "agent: {\n", says: /not YAML/ },
    { name: "a key twice", text: "agent: { name: a }\nagent: { name: b }", at: "2:1", says: /written twice/ },
    { name: "a tab", text: "agent:\n\tname: a", says: /not YAML/, hint: /spaces/ },
    {
      name: "aliases that multiply",
      text: `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${"*a, ".repeat(10)}]\nc: &c [${"*b, ".repeat(10)}]\nd: [${"*c, ".repeat(10)}]`,
      says: /not usable YAML/,
    },
    { name: "too much of it", text: `# ${"x".repeat(1_000_001)}`, says: /more than 1000000 characters/ },
  ];
  for (const { name, text, at, says, hint } of cases) {
    test(name, async () => {
      const [first, ...others] = await refusals(text);
      assert.ok(first);
      assert.deepEqual(others, []);
      assert.equal(first.code, "AGENT_CONFIG");
      assert.match(first.detail, says);
      assert.match(first.hint ?? "", hint ?? /./);
      if (at !== undefined) assert.equal(`${first.at?.line}:${first.at?.column}`, at);
      if (at !== undefined) assert.equal(first.sourceLine, text.split("\n")[(first.at?.line ?? 1) - 1]);
    });
  }

  test("every problem at once", async () => {
    const found = await refusals("agent: { nmae: x, heartbeat_interval: 5 }\nlogging: { level: loud, output: printer }");
    assert.deepEqual(found.map(({ path }) => String(path?.join("."))).toSorted(), [
      "agent.heartbeat_interval",
      "agent.nmae",
      "logging.level",
      "logging.output",
    ]);
  });

  test("a wrong variable, by its name", async () => {
    const [first] = await refusals("resources: { reserved_cpu: 1 }", { GHOST_RESOURCES_RESERVED_CPU: "many" });
    assert.match(first?.detail ?? "", /"many".*GHOST_RESOURCES_RESERVED_CPU sets it/);
    assert.equal(first?.at, undefined);
  });

  test("a file that is not there", async () => {
    await assert.rejects(loadAgentConfig("/nonexistent/agent.yaml", {}), /AGENT_CONFIG.*cannot be read: it is not there/);
  });

  test("a terminal's escape is not repeated", async () => {
    const [first] = await refusals('agent: { "\\e[31m": 1 }\nx: "\u009b1m"');
    assert.doesNotMatch(JSON.stringify([first?.detail, first?.sourceLine]), /\u001b|\u009b/);
  });
});

test("every key of the original is known", () => {
  const original = {
    agent: ["name", "api_url", "heartbeat_interval", "version"],
    libvirt: ["uri", "storage_pool", "network", "image_cache"],
    resources: ["reserved_cpu", "reserved_ram_gb", "reserved_disk_gb"],
    grpc: ["listen_addr", "tls_enabled", "tls_cert", "tls_key", "tls_ca"],
    logging: ["level", "output", "file", "format", "max_size", "max_age"],
    metrics: ["enabled", "listen_addr", "path"],
    health: ["listen_addr", "path"],
  } as const;
  for (const [section, keys] of Object.entries(original)) {
    const attribute: Attribute = agentConfig.attributes[section as keyof typeof original];
    for (const key of keys) assert.ok(attribute.kind === "object" && Object.hasOwn(attribute.attributes, key), `${section}.${key}`);
  }
});
