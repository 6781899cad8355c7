/*
 * Terraform's core, as far as a resource can tell: it proposes, plans and applies, and holds the provider to core's
 * rules (plans keep what is configured, applies keep what was planned, and nothing is unknown afterwards).
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Context, Diagnostic, PlanAnswer, Private, Provider, Resource } from "../../provider/src/protocol6/provider.ts";
import type { AttributeSchemas } from "../../provider/src/protocol6/schema.ts";
import type { Value, Values } from "../../provider/src/protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../../provider/src/protocol6/value.ts";
import { newValues, sameValues } from "../../provider/src/faces/values.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const CONTEXT: Context = { signal: new AbortController().signal, log };

/** What Terraform keeps of one object. */
export interface Kept {
  readonly state: Values;
  readonly private: Private;
  readonly tainted?: boolean;
}

export interface Planned {
  readonly prior: Kept | undefined;
  readonly config: Values | null;
  readonly answer: PlanAnswer;
  readonly action: "create" | "update" | "delete" | "no-op";
  readonly diagnostics: readonly Diagnostic[];
}

export type Json = null | symbol | string | boolean | number | bigint | readonly Json[] | { readonly [key: string]: Json };

/** A configuration of these attributes; what is left out is null. */
export function configOf(schemas: AttributeSchemas, json: { readonly [key: string]: Json | Value }): Values {
  for (const key of Object.keys(json)) assert.ok(key in schemas, `no attribute ${key}`);
  return newValues(
    Object.entries(schemas).map(([name, schema]) => {
      const value = (json[name] ?? null) as Value;
      if (value === null || value === UNKNOWN || schema.nested === undefined) return [name, value];
      const { nesting, attributes } = schema.nested;
      if (nesting === "single") return [name, configOf(attributes, value as Values)];
      const items = Object.entries(value as Values).map(([key, item]): [string, Value] => [
        key,
        item === null || item === UNKNOWN ? item : configOf(attributes, item as Values),
      ]);
      return [name, newValues(items)];
    }),
  );
}

/** Within one walk Terraform plans an object to go on or to go: where both are planned, the second one is in another walk. */
export interface Walks {
  /** Of the present one, from 1. */
  readonly number: () => number;
  readonly another: () => Promise<unknown>;
}

/** Core for one object of one resource type. */
export class Core {
  readonly provider: Provider;
  readonly resource: Resource;
  kept: Kept | undefined;
  context: Context = CONTEXT;
  readonly #walks: Walks | undefined;
  #goesOnIn = 0;
  #goesIn = 0;

  constructor(provider: Provider, type = "ghost_vm", walks?: Walks) {
    this.provider = provider;
    this.resource = provider.resources[type]!;
    this.#walks = walks;
  }

  config(json: { readonly [key: string]: Json | Value }): Values {
    return configOf(this.resource.schema.attributes, json);
  }

  async refresh(): Promise<readonly Diagnostic[]> {
    if (this.kept === undefined) return [];
    const answer = await this.resource.read(this.kept, this.context);
    const { state } = answer;
    if (state === null) this.kept = undefined;
    else if (state !== undefined) {
      assertConforms(this.resource.schema.attributes, state, "read");
      assert.ok(!hasUnknown(state), "nothing is unknown in what was read");
      // What is kept goes through JSON.
      this.kept = { ...this.kept, state, private: json(answer.private) };
    }
    return answer.diagnostics ?? [];
  }

  async plan(config: Values | null): Promise<Planned> {
    const diagnostics = [...(config === null ? [] : ((await this.resource.validate?.(config)) ?? []))];
    if (hasErrors(diagnostics)) return { prior: this.kept, config, answer: { planned: null }, action: "no-op", diagnostics };
    if (this.#walks !== undefined) {
      if ((config === null ? this.#goesOnIn : this.#goesIn) === this.#walks.number()) await this.#walks.another();
      if (config === null) this.#goesIn = this.#walks.number();
      else this.#goesOnIn = this.#walks.number();
    }
    if (this.kept !== undefined) this.resource.stored?.(this.kept.state);
    const prior = this.kept?.tainted === true ? undefined : this.kept;
    const before = prior?.state ?? null;
    const { attributes } = this.resource.schema;
    const proposed = config === null ? null : propose(attributes, before, config);
    const answer = await this.resource.plan(
      { prior: before, proposed, config: config, priorPrivate: prior?.private ?? null },
      this.context,
    );
    diagnostics.push(...(answer.diagnostics ?? []));
    const { planned } = answer;
    if (!hasErrors(diagnostics)) {
      if (config === null) assert.equal(planned, null);
      else {
        assertConforms(attributes, planned!, "plan");
        assertKeepsConfig(attributes, before, config, planned!, []);
      }
    }
    const action = planned === null ? "delete" : before === null ? "create" : sameValues(before, planned) ? "no-op" : "update";
    return { prior, config, answer: { ...answer, private: json(answer.private) }, action, diagnostics };
  }

  /** Plans as core does with -replace: as ever, and then as if there was nothing, handing on what was kept beside the object. */
  async planReplace(config: Values): Promise<Planned> {
    const first = await this.plan(config);
    if (hasErrors(first.diagnostics)) return first;
    const { attributes } = this.resource.schema;
    const answer = await this.resource.plan(
      { prior: null, proposed: propose(attributes, null, config), config, priorPrivate: first.answer.private },
      this.context,
    );
    const diagnostics = answer.diagnostics ?? [];
    if (!hasErrors(diagnostics)) assertKeepsConfig(attributes, null, config, answer.planned!, []);
    return { prior: undefined, config, answer: { ...answer, private: json(answer.private) }, action: "create", diagnostics };
  }

  /** Applies as core does: it plans once more, with what was read when the plan was made. */
  async apply(first: Planned, config: Values | null = first.config): Promise<readonly Diagnostic[]> {
    assert.ok(!hasErrors(first.diagnostics), JSON.stringify(first.diagnostics));
    const plan = config === null ? first : await this.plan(config);
    if (hasErrors(plan.diagnostics)) return plan.diagnostics;
    if (config !== null) assertCompatible(first.answer.planned, plan.answer.planned, []);
    if (plan.action === "no-op") return [];
    const { planned } = plan.answer;
    const answer = await this.resource.apply(
      { prior: plan.prior?.state ?? null, planned, config, plannedPrivate: plan.answer.private },
      this.context,
    );
    const diagnostics = answer.diagnostics ?? [];
    const { state } = answer;
    if (state !== null) {
      assertConforms(this.resource.schema.attributes, state, "apply");
      assert.ok(!hasUnknown(state), "nothing is unknown after apply");
    }
    if (!hasErrors(diagnostics)) {
      if (planned === null) assert.equal(state, null);
      else assertCompatible(planned, state, []);
    }
    const tainted = hasErrors(diagnostics) && plan.action === "create";
    this.kept = state === null ? undefined : { state, private: json(answer.private), ...(tainted && { tainted }) };
    return diagnostics;
  }

  /** Applies the plan of a replacement as core does: the old object goes by the plan of the new one, which is planned again then. */
  async applyReplacement(first: Planned, anotherWalk: () => Promise<unknown>): Promise<readonly Diagnostic[]> {
    assert.ok(!hasErrors(first.diagnostics), JSON.stringify(first.diagnostics));
    await anotherWalk();
    const { state: before } = this.kept!;
    const answer = await this.resource.apply(
      { prior: before, planned: null, config: null, plannedPrivate: first.answer.private },
      this.context,
    );
    if (hasErrors(answer.diagnostics ?? [])) return answer.diagnostics ?? [];
    assert.equal(answer.state, null);
    this.kept = undefined;
    return await this.apply(first);
  }

  async import(id: string): Promise<readonly Diagnostic[]> {
    const answer = await this.resource.import!({ id }, this.context);
    if (answer.state !== undefined) {
      this.kept = { state: answer.state, private: json(answer.private) };
      await this.refresh();
    }
    return answer.diagnostics ?? [];
  }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

function json(value: Private): Private {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function propose(attributes: AttributeSchemas, prior: Values | null, config: Values): Values {
  return newValues(
    Object.entries(attributes).map(([name, schema]): [string, Value] => {
      const before: Value = prior?.[name] ?? null;
      const value: Value = config[name] ?? null;
      if (schema.write_only === true) return [name, null];
      if (value === null) return [name, schema.computed === true ? before : null];
      if (value === UNKNOWN || schema.nested === undefined) return [name, value];
      const { nesting, attributes: inner } = schema.nested;
      if (nesting === "single") return [name, propose(inner, before as Values | null, value as Values)];
      const items = Object.entries(value as Values).map(([key, item]): [string, Value] => [
        key,
        item === null || item === UNKNOWN
          ? item
          : propose(inner, ((before as Values | null)?.[key] ?? null) as Values | null, item as Values),
      ]);
      return [name, newValues(items)];
    }),
  );
}

/** Exactly the attributes of the schema. */
function assertConforms(attributes: AttributeSchemas, values: Values, what: string): void {
  assert.deepEqual(Object.keys(values).sort(), Object.keys(attributes).sort(), `${what}: the attributes of the schema`);
  for (const [name, schema] of Object.entries(attributes)) {
    const value = values[name]!;
    assert.notEqual(value, undefined, `${what}: ${name} is there`);
    if (schema.write_only === true) assert.equal(value, null, `${what}: ${name} is write-only`);
    if (schema.nested === undefined || value === null || value === UNKNOWN) continue;
    if (schema.nested.nesting === "single") assertConforms(schema.nested.attributes, value as Values, `${what}: ${name}`);
    else
      for (const item of Object.values(value as Values))
        if (item !== null && item !== UNKNOWN) assertConforms(schema.nested.attributes, item as Values, `${what}: ${name}`);
  }
}

/** A plan may not alter configured values, nor invent values for attributes that are not computed. */
function assertKeepsConfig(
  attributes: AttributeSchemas,
  prior: Values | null,
  config: Values,
  planned: Values,
  path: readonly string[],
): void {
  for (const [name, schema] of Object.entries(attributes)) {
    if (schema.write_only === true) continue;
    const value: Value = config[name] ?? null;
    const plan: Value = planned[name]!;
    const here = [...path, name];
    if (value === null) {
      if (schema.computed !== true) assert.equal(plan, null, `${here.join(".")} is not configured and not computed`);
      continue;
    }
    if (value === UNKNOWN || schema.nested === undefined) {
      assert.ok(value === plan || sameValues(value, plan), `${here.join(".")} is planned as configured`);
      continue;
    }
    const before = (prior?.[name] ?? null) as Values | null;
    if (schema.nested.nesting === "single") assertKeepsConfig(schema.nested.attributes, before, value as Values, plan as Values, here);
    else {
      assert.deepEqual(
        Object.keys(plan as Values).sort(),
        Object.keys(value as Values).sort(),
        `${here.join(".")} has the configured keys`,
      );
      for (const [key, item] of Object.entries(value as Values)) {
        const one: Value = (plan as Values)[key]!;
        if (item === null || item === UNKNOWN) assert.equal(one, item);
        else
          assertKeepsConfig(schema.nested.attributes, (before?.[key] ?? null) as Values | null, item as Values, one as Values, [
            ...here,
            key,
          ]);
      }
    }
  }
}

/** What was known stays what it was. */
function assertCompatible(planned: Value | undefined, after: Value | undefined, path: readonly string[]): void {
  if (planned === UNKNOWN) return;
  if (typeof planned === "object" && planned !== null && typeof after === "object" && after !== null) {
    assert.deepEqual(Object.keys(after).sort(), Object.keys(planned).sort(), `${path.join(".")} keeps its keys`);
    for (const [key, value] of Object.entries(planned as Values)) assertCompatible(value, (after as Values)[key], [...path, key]);
    return;
  }
  assert.ok(sameValues(planned, after), `${path.join(".")} was planned as ${inspect(planned)} and is ${inspect(after)}`);
}

/** Plans and applies a configuration, and finds nothing left to plan in another walk. */
export async function settle(
  core: Core,
  json: { readonly [key: string]: Json | Value },
  anotherWalk: () => Promise<unknown>,
): Promise<Planned> {
  const plan = await core.plan(core.config(json));
  assert.deepEqual(errorsOf(plan.diagnostics), []);
  assert.deepEqual(errorsOf(await core.apply(plan)), []);
  await assertSettled(core, json, anotherWalk);
  return plan;
}

/** A plan of the next walk is empty. */
export async function assertSettled(
  core: Core,
  json: { readonly [key: string]: Json | Value },
  anotherWalk: () => Promise<unknown>,
): Promise<void> {
  await anotherWalk();
  assert.deepEqual(await core.refresh(), []);
  const { state } = core.kept!;
  const again = await core.plan(core.config(json));
  assert.deepEqual(again.answer.planned, state, "the plan after an apply is empty");
  assert.equal(again.action, "no-op");
}

export function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "error");
}

/** The codes at the end of summaries, with the path. */
export function told(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ severity, summary, path }) =>
    `${severity} ${/\[([A-Z_]+)\]$/.exec(summary)?.[1] ?? summary} ${path?.join(".") ?? ""}`.trim(),
  );
}
