import type { Type } from "./type.ts";

export type Nesting = "single" | "list" | "set" | "map";

interface AttributeFacts {
  /** Markdown. */
  readonly description: string;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  /** Only in the configuration: null in every plan and state. */
  readonly write_only?: boolean;
  /** Why not to use it any more. */
  readonly deprecated?: string;
}

/** Exactly one of `type` and `nested`. Exactly the names of the wire, so that nothing translates. */
export type AttributeSchema = AttributeFacts &
  (
    | { readonly type: Type; readonly nested?: never }
    | { readonly type?: never; readonly nested: { readonly nesting: Nesting; readonly attributes: AttributeSchemas } }
  );

export type AttributeSchemas = Readonly<Record<string, AttributeSchema>>;

/** Schema of a resource, a data source, the provider's own block or an action. Attributes only: blocks are for providers of old. */
export interface Schema {
  /** Raised when stored state changes shape. */
  readonly version: number;
  /** Markdown. */
  readonly description: string;
  readonly attributes: AttributeSchemas;
}

/** What identifies an object for good, apart from its state. */
export interface IdentitySchema {
  readonly version: number;
  readonly attributes: Readonly<
    Record<
      string,
      { readonly type: Type; readonly description: string; readonly required_for_import?: boolean; readonly optional_for_import?: boolean }
    >
  >;
}

export interface FunctionParameter {
  readonly name: string;
  readonly type: Type;
  readonly description: string;
  readonly allow_null?: boolean;
  readonly allow_unknown?: boolean;
}

export interface FunctionSchema {
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  readonly parameters: readonly FunctionParameter[];
  readonly variadic?: FunctionParameter;
  readonly returns: Type;
}
