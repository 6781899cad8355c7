import type { Impact } from "./impact.ts";

/** Who sets the attribute: the person (always, sometimes) or Ghost. */
export type AttributeMode = "required" | "optional" | "computed";

/** `gib` is 2^30 bytes. On the wire a `gib` is a double: a live value may lie between whole numbers. */
export type Unit = "gib" | "s" | "percent";

interface AttributeFacts {
  readonly mode: AttributeMode;
  /** The worst that changing this attribute does to a running resource; facts of the host may soften it. */
  readonly change: Impact;
  /** One sentence, ends with a period; every face prints it. */
  readonly doc: string;
  /** Masked in plans, logs and Terraform output; in a spec it is a `{ secret, version }` reference, never a literal. */
  readonly sensitive?: boolean;
  /** Belongs to spec files alone: no agent, no Terraform attribute and no wire field has it. */
  readonly specOnly?: boolean;
}

export type Attributes = Readonly<Record<string, Attribute>>;

export interface StringAttribute extends AttributeFacts {
  readonly kind: "string";
  readonly pattern?: string;
  /** What the pattern means, in words, for the error message. */
  readonly patternDoc?: string;
  readonly maxLength?: number;
  readonly oneOf?: readonly string[];
  readonly default?: string;
}

export interface IntegerAttribute extends AttributeFacts {
  readonly kind: "integer";
  readonly unit?: Unit;
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

export interface BooleanAttribute extends AttributeFacts {
  readonly kind: "boolean";
  readonly default?: boolean;
}

/** Items of the same shape, each with a name of its own: nothing is ever matched by position. */
export interface MapAttribute extends AttributeFacts {
  readonly kind: "map";
  readonly of: Attribute;
  /** What a key must look like. */
  readonly keyPattern?: string;
  readonly keyDoc?: string;
}

/** Plain values whose order means something (packages, ssh keys). */
export interface ListAttribute extends AttributeFacts {
  readonly kind: "list";
  readonly of: Attribute;
}

export interface ObjectAttribute extends AttributeFacts {
  readonly kind: "object";
  readonly attributes: Attributes;
}

export type Attribute = StringAttribute | IntegerAttribute | BooleanAttribute | MapAttribute | ListAttribute | ObjectAttribute;

export interface ResourceType {
  /** Name in specs, and in Terraform after the `ghost_` prefix. */
  readonly type: string;
  /** Raise when stored state changes shape, and add a step to the upgrades. */
  readonly version: number;
  readonly summary: string;
  /** Path below `examples/` of a spec that uses it. */
  readonly example: string;
  readonly attributes: Attributes;
}

/**
 * A sensitive value as plans, records and wires see it: which version of it is meant, never the value.
 * The value itself is resolved before the first step and travels beside the step.
 */
export interface SecretVersion {
  readonly version: number;
}

export type ValueOf<A> = A extends { sensitive: true }
  ? SecretVersion
  : A extends { kind: "string"; oneOf: readonly (infer S)[] }
    ? S
    : A extends { kind: "string" }
      ? string
      : A extends { kind: "integer" }
        ? number
        : A extends { kind: "boolean" }
          ? boolean
          : A extends { kind: "list"; of: infer I }
            ? readonly ValueOf<I>[]
            : A extends { kind: "map"; of: infer I }
              ? Readonly<Record<string, ValueOf<I>>>
              : A extends { kind: "object"; attributes: infer N extends Attributes }
                ? SpecOf<{ attributes: N }>
                : never;

type PickMode<R extends { attributes: Attributes }, M extends AttributeMode> = {
  readonly [K in keyof R["attributes"] as R["attributes"][K]["mode"] extends M ? K : never]: ValueOf<R["attributes"][K]>;
};

/** What a person writes. */
export type SpecOf<R extends { attributes: Attributes }> = PickMode<R, "required"> & Partial<PickMode<R, "optional">>;

/** What only Ghost knows. */
export type ComputedOf<R extends { attributes: Attributes }> = Partial<PickMode<R, "computed">>;
