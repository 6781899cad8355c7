/*
 * Speaks the protocol as Terraform's core does, for tests: with plain values, in process or with a program of its own.
 * Breaking core's rules fails a test here as it fails an apply there.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable } from "node:stream";
import { credentials } from "@grpc/grpc-js";
import type { ChannelCredentials, ServiceError } from "@grpc/grpc-js";
import { GRPCControllerClient, GRPCStdioClient } from "../../../gen/plugin.ts";
import { Diagnostic_Severity, ProviderClient, ProviderService } from "../../../gen/tfplugin6.ts";
import type { AttributePath, Diagnostic as WireDiagnostic, DynamicValue, ResourceIdentityData } from "../../../gen/tfplugin6.ts";
import { identityType, impliedType } from "../codec/implied-type.ts";
import { decodeJson } from "../codec/json.ts";
import { decodeMsgpack, encodeMsgpack } from "../codec/msgpack.ts";
import { makeCertificate, toPem } from "../certificate.ts";
import type { Diagnostic, Log, Path, Provider, Resource } from "../provider.ts";
import type { AttributeSchemas } from "../schema.ts";
import { start } from "../server/start.ts";
import type { Type } from "../type.ts";
import type { Value, Values } from "../value.ts";
import { applyProblems, planProblems } from "./consistency.ts";
import { proposedState } from "./proposed.ts";

const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
const EMPTY = Buffer.alloc(0);
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const CAPABILITIES = { deferral_allowed: false, write_only_attributes_allowed: true };

/** What Terraform's state has of an object. */
export interface Stored {
  readonly state: Values | null;
  readonly private: unknown;
  readonly identity?: Values;
}

export interface Planned {
  readonly planned: Values | null;
  readonly requiresReplace: readonly Path[];
  readonly private: unknown;
  readonly identity?: Values;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Applied extends Stored {
  readonly diagnostics: readonly Diagnostic[];
}

/** What Terraform would say of a provider that breaks its rules. */
export class InconsistentError extends Error {
  override readonly name = "InconsistentError";
}

/** A client of a provider in this process; `close` ends both. */
export async function connect(provider: Provider, options: { readonly log?: Log } = {}): Promise<TestClient> {
  const started = await start({ load: async () => provider, log: options.log ?? SILENT });
  return new TestClient(provider, target(started.endpoint.network, started.endpoint.address), credentials.createInsecure(), async () =>
    started.close(),
  );
}

export interface Program {
  readonly client: TestClient;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly line: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stderr: string }>;
}

/** Starts a program as Terraform does, certificates and all. `provider` says what types its values have. */
export async function startProgram(
  provider: Provider,
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const mine = makeCertificate();
  const [file, ...args] = command;
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      TF_PLUGIN_MAGIC_COOKIE: COOKIE,
      PLUGIN_PROTOCOL_VERSIONS: "6",
      PLUGIN_CLIENT_CERT: mine.certPem.toString(),
      ...env,
    },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stderr,
  }));
  const line = await firstLine(child.stdout);
  const [, , network, address, , der = ""] = line.split("|");
  if (network === undefined || address === undefined) throw new Error(`Not a handshake: ${line}\n${(await ended).stderr}`);
  const theirs = toPem(Buffer.from(der, "base64"));
  const client = new TestClient(
    provider,
    target(network, address),
    credentials.createSsl(theirs, mine.keyPem, mine.certPem),
    async () => void (await ended),
  );
  return { client, child, line, ended };
}

function target(network: string, address: string): string {
  return network === "unix" ? `unix:${path.resolve(address)}` : address;
}

async function firstLine(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

export class TestClient {
  /** For what has no method here: the generated client. */
  readonly grpc: ProviderClient;
  readonly #provider: Provider;
  readonly #address: string;
  readonly #credentials: ChannelCredentials;
  readonly #options = {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": -1,
  };
  readonly #whenClosed: () => Promise<void>;

  constructor(provider: Provider, address: string, channel: ChannelCredentials, whenClosed: () => Promise<void>) {
    this.#provider = provider;
    this.#address = address;
    this.#credentials = channel;
    this.#whenClosed = whenClosed;
    this.grpc = new ProviderClient(address, channel, this.#options);
  }

  /** Throws what a failed configuration says. */
  async configure(config: Values = {}): Promise<readonly Diagnostic[]> {
    const { attributes } = this.#provider.schema;
    const value = this.#encode(attributes, config);
    const validated = await this.call("validateProviderConfig", { config: value });
    if (hasErrors(validated.diagnostics)) return validated.diagnostics.map(fromWireDiagnostic);
    const request = { config: value, terraform_version: "1.11.4", client_capabilities: CAPABILITIES };
    return (await this.call("configureProvider", request)).diagnostics.map(fromWireDiagnostic);
  }

  async validate(type: string, config: Values): Promise<readonly Diagnostic[]> {
    const value = this.#encode(this.#resource(type).schema.attributes, config);
    const { diagnostics } = await this.call("validateResourceConfig", {
      type_name: type,
      config: value,
      client_capabilities: CAPABILITIES,
    });
    return diagnostics.map(fromWireDiagnostic);
  }

  /** Null plans a deletion. Throws InconsistentError for a plan that Terraform would not take. */
  async plan(type: string, config: Values | null, before: Stored = { state: null, private: null }): Promise<Planned> {
    const resource = this.#resource(type);
    const { attributes } = resource.schema;
    const complete = config === null ? null : this.#complete(attributes, config);
    const proposed = complete === null ? null : withoutWriteOnly(attributes, proposedState(attributes, before.state, complete));
    const answer = await this.call("planResourceChange", {
      type_name: type,
      prior_state: this.#encode(attributes, before.state),
      proposed_new_state: this.#encode(attributes, proposed),
      config: this.#encode(attributes, complete),
      prior_private: toBytes(before.private),
      client_capabilities: CAPABILITIES,
      ...this.#identity(resource, "prior_identity", before.identity),
    });
    const planned = this.#decode(attributes, answer.planned_state);
    if (!hasErrors(answer.diagnostics) && complete !== null) {
      const problems =
        planned === null ? ["the plan of an object that is wanted is null"] : planProblems(attributes, before.state, complete, planned);
      if (problems.length > 0) throw new InconsistentError(`Provider produced invalid plan of ${type}:\n${problems.join("\n")}`);
    }
    return {
      planned,
      requiresReplace: answer.requires_replace.map(fromWirePath),
      private: fromBytes(answer.planned_private),
      ...this.#identityOf(resource, answer.planned_identity),
      diagnostics: answer.diagnostics.map(fromWireDiagnostic),
    };
  }

  /** Plans, and applies what was planned, as one change: a replacement is two calls of the caller's. Without an apply when the plan has errors. */
  async apply(type: string, config: Values | null, before: Stored = { state: null, private: null }): Promise<Applied> {
    const plan = await this.plan(type, config, before);
    if (plan.diagnostics.some(({ severity }) => severity === "error")) return { ...before, diagnostics: plan.diagnostics };
    return await this.applyPlan(type, config, before, plan);
  }

  /** Throws InconsistentError for a result that Terraform would not take. */
  async applyPlan(type: string, config: Values | null, before: Stored, plan: Planned): Promise<Applied> {
    const resource = this.#resource(type);
    const { attributes } = resource.schema;
    const answer = await this.call("applyResourceChange", {
      type_name: type,
      prior_state: this.#encode(attributes, before.state),
      planned_state: this.#encode(attributes, plan.planned),
      config: this.#encode(attributes, config),
      planned_private: toBytes(plan.private),
      ...this.#identity(resource, "planned_identity", plan.identity),
    });
    const state = this.#decode(attributes, answer.new_state);
    if (!hasErrors(answer.diagnostics)) {
      if (plan.planned === null && state !== null) throw new InconsistentError(`The deleted ${type} is still there`);
      const problems = plan.planned === null ? [] : state === null ? ["what was to be there is not"] : applyProblems(plan.planned, state);
      if (problems.length > 0)
        throw new InconsistentError(`Provider produced inconsistent result after apply of ${type}:\n${problems.join("\n")}`);
    }
    return {
      state,
      private: fromBytes(answer.private),
      ...this.#identityOf(resource, answer.new_identity),
      diagnostics: answer.diagnostics.map(fromWireDiagnostic),
    };
  }

  async read(type: string, before: Stored): Promise<Applied> {
    const resource = this.#resource(type);
    const { attributes } = resource.schema;
    const answer = await this.call("readResource", {
      type_name: type,
      current_state: this.#encode(attributes, before.state),
      private: toBytes(before.private),
      client_capabilities: CAPABILITIES,
      ...this.#identity(resource, "current_identity", before.identity),
    });
    return {
      state: this.#decode(attributes, answer.new_state),
      private: fromBytes(answer.private),
      ...this.#identityOf(resource, answer.new_identity),
      diagnostics: answer.diagnostics.map(fromWireDiagnostic),
    };
  }

  /** By id or by identity; not read afterwards. */
  async import(type: string, by: string | Values): Promise<Applied> {
    const resource = this.#resource(type);
    const answer = await this.call("importResourceState", {
      type_name: type,
      id: typeof by === "string" ? by : "",
      client_capabilities: CAPABILITIES,
      ...(typeof by === "string" ? {} : this.#identity(resource, "identity", by)),
    });
    const [imported] = answer.imported_resources;
    return {
      state: this.#decode(resource.schema.attributes, imported?.state),
      private: fromBytes(imported?.private ?? EMPTY),
      ...this.#identityOf(resource, imported?.identity),
      diagnostics: answer.diagnostics.map(fromWireDiagnostic),
    };
  }

  /** A state as it lies in the file, of any version. */
  async upgrade(
    type: string,
    version: number,
    state: unknown,
  ): Promise<{ readonly state: Values | null; readonly diagnostics: readonly Diagnostic[] }> {
    const { attributes } = this.#resource(type).schema;
    const json = Buffer.from(typeof state === "string" ? state : JSON.stringify(state));
    const answer = await this.call("upgradeResourceState", { type_name: type, version, raw_state: { json, flatmap: {} } });
    return { state: this.#decode(attributes, answer.upgraded_state), diagnostics: answer.diagnostics.map(fromWireDiagnostic) };
  }

  async data(type: string, config: Values = {}): Promise<{ readonly state: Values | null; readonly diagnostics: readonly Diagnostic[] }> {
    const dataSource = this.#provider.dataSources[type];
    if (dataSource === undefined) throw new Error(`The provider has no data source ${type}.`);
    const { attributes } = dataSource.schema;
    const answer = await this.call("readDataSource", {
      type_name: type,
      config: this.#encode(attributes, config),
      client_capabilities: CAPABILITIES,
    });
    return { state: this.#decode(attributes, answer.state), diagnostics: answer.diagnostics.map(fromWireDiagnostic) };
  }

  /** Throws an Error with the text of the function's. */
  async callFunction(name: string, ...args: readonly Value[]): Promise<Value> {
    const { schema } = this.#provider.functions[name] ?? {};
    if (schema === undefined) throw new Error(`The provider has no function ${name}.`);
    const types = args.map((_, index) => (schema.parameters[index] ?? schema.variadic)?.type ?? "dynamic");
    const encoded = args.map((arg, index) => ({ msgpack: encodeMsgpack(types[index] as Type, arg), json: EMPTY }));
    const { result, error } = await this.call("callFunction", { name, arguments: encoded });
    if (error !== undefined) throw new Error(error.text);
    return decode(schema.returns, result);
  }

  async list(
    type: string,
    config: Values = {},
    options: { readonly limit?: number; readonly withState?: boolean } = {},
  ): Promise<readonly Listed[]> {
    const resource = this.#resource(type);
    const request = {
      type_name: type,
      config: this.#encode(resource.list?.schema.attributes ?? {}, config),
      include_resource_object: options.withState ?? false,
      limit: options.limit ?? 0,
    };
    const events: Listed[] = [];
    for await (const event of this.grpc.listResource(request)) {
      events.push({
        displayName: event.display_name,
        ...this.#identityOf(resource, event.identity),
        ...(event.resource_object === undefined ? {} : { state: this.#decode(resource.schema.attributes, event.resource_object) }),
        diagnostics: event.diagnostic.map(fromWireDiagnostic),
      });
    }
    return events;
  }

  /** Plans and, without errors, invokes. */
  async action(
    type: string,
    config: Values = {},
  ): Promise<{ readonly progress: readonly string[]; readonly diagnostics: readonly Diagnostic[] }> {
    const action = this.#provider.actions[type];
    if (action === undefined) throw new Error(`The provider has no action ${type}.`);
    const value = this.#encode(action.schema.attributes, config);
    const request = { action_type: type, config: value, client_capabilities: CAPABILITIES };
    const planned = await this.call("planAction", request);
    const progress: string[] = [];
    let diagnostics = planned.diagnostics;
    if (!hasErrors(diagnostics)) {
      for await (const { type: event } of this.grpc.invokeAction(request)) {
        if (event?.$case === "progress") progress.push(event.value.message);
        else diagnostics = [...diagnostics, ...(event?.value.diagnostics ?? [])];
      }
    }
    return { progress, diagnostics: diagnostics.map(fromWireDiagnostic) };
  }

  async stopProvider(): Promise<void> {
    await this.call("stopProvider", {});
  }

  /** As core does at the end: asks the program to end, and waits for it. Never settles with a program that does not. */
  async shutdown(): Promise<void> {
    const controller = new GRPCControllerClient(this.#address, this.#credentials, this.#options);
    await new Promise<void>((resolve) => controller.shutdown({}, () => resolve()));
    controller.close();
    await this.close();
  }

  /** Opens the stream that core keeps open for as long as it lives. Returns what hangs up. */
  lifeline(): { hangUp(): void } {
    const stdio = new GRPCStdioClient(this.#address, this.#credentials, this.#options);
    const stream = stdio.streamStdio({});
    stream.on("error", () => {});
    stream.resume();
    return {
      hangUp: () => {
        stream.cancel();
        stdio.close();
      },
    };
  }

  async close(): Promise<void> {
    this.grpc.close();
    await this.#whenClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Any unary RPC of the protocol. */
  call<K extends UnaryName>(name: K, request: RequestOf<K>): Promise<ResponseOf<K>> {
    return new Promise((resolve, reject) => {
      const method = this.grpc[name] as unknown as (
        request: unknown,
        callback: (error: ServiceError | null, response: ResponseOf<K>) => void,
      ) => unknown;
      method.call(this.grpc, request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
  }

  #resource(type: string): Resource {
    const resource = this.#provider.resources[type];
    if (resource === undefined) throw new Error(`The provider has no resource ${type}.`);
    return resource;
  }

  #encode(attributes: AttributeSchemas, values: Values | null): DynamicValue {
    return { msgpack: encodeMsgpack(impliedType(attributes), values), json: EMPTY };
  }

  #decode(attributes: AttributeSchemas, value: DynamicValue | undefined): Values | null {
    return decode(impliedType(attributes), value) as Values | null;
  }

  /** All attributes and all of those within them, null where nothing was said. */
  #complete(attributes: AttributeSchemas, config: Values): Values {
    return this.#decode(attributes, this.#encode(attributes, config)) as Values;
  }

  #identity<K extends string>(resource: Resource, key: K, identity: Values | undefined): Partial<Record<K, ResourceIdentityData>> {
    if (resource.identity === undefined || identity === undefined) return {};
    const identity_data = { msgpack: encodeMsgpack(identityType(resource.identity), identity), json: EMPTY };
    return { [key]: { identity_data } } as Partial<Record<K, ResourceIdentityData>>;
  }

  #identityOf(resource: Resource, data: ResourceIdentityData | undefined): { readonly identity?: Values } {
    if (resource.identity === undefined || data?.identity_data === undefined) return {};
    return { identity: decode(identityType(resource.identity), data.identity_data) as Values };
  }
}

export interface Listed {
  readonly displayName: string;
  readonly identity?: Values;
  readonly state?: Values | null;
  readonly diagnostics: readonly Diagnostic[];
}

type Methods = typeof ProviderService;
type UnaryName = { [K in keyof Methods]: Methods[K]["responseStream"] extends false ? K : never }[keyof Methods];
type RequestOf<K extends UnaryName> = Parameters<Methods[K]["requestSerialize"]>[0];
type ResponseOf<K extends UnaryName> = ReturnType<Methods[K]["responseDeserialize"]>;

function decode(type: Type, value: DynamicValue | undefined): Value {
  if (value === undefined) return null;
  return value.msgpack.length > 0
    ? decodeMsgpack(type, value.msgpack)
    : value.json.length > 0
      ? decodeJson(type, value.json.toString())
      : null;
}

/** Terraform never proposes a value for them. */
function withoutWriteOnly(attributes: AttributeSchemas, values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const attribute = attributes[name];
      if (attribute?.write_only === true) return [name, null];
      if (attribute?.nested === undefined || typeof value !== "object" || value === null) return [name, value];
      const { nesting, attributes: inner } = attribute.nested;
      const each = (item: Value): Value => (typeof item === "object" && item !== null ? withoutWriteOnly(inner, item as Values) : item);
      if (nesting === "single") return [name, each(value)];
      if (Array.isArray(value)) return [name, value.map(each)];
      return [name, Object.fromEntries(Object.entries(value).map(([key, item]) => [key, each(item as Value)]))];
    }),
  );
}

function hasErrors(diagnostics: readonly WireDiagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === Diagnostic_Severity.ERROR);
}

function fromWireDiagnostic({ severity, summary, detail, attribute }: WireDiagnostic): Diagnostic {
  return {
    severity: severity === Diagnostic_Severity.ERROR ? "error" : "warning",
    summary,
    detail,
    ...(attribute === undefined ? {} : { path: fromWirePath(attribute) }),
  };
}

function fromWirePath({ steps }: AttributePath): Path {
  return steps.map(({ selector }) => selector?.value ?? "");
}

function toBytes(value: unknown): Buffer {
  return value === null || value === undefined ? EMPTY : Buffer.from(JSON.stringify(value));
}

function fromBytes(bytes: Buffer): unknown {
  return bytes.length === 0 ? null : JSON.parse(bytes.toString());
}
