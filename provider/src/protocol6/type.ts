/**
 * Types of Terraform's values, in the form that the protocol writes as JSON (`["list","string"]`).
 *
 * Source: object-wire-format.md of Terraform's plugin protocol, version 6.
 */
export type Type =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | readonly ["list" | "set" | "map", Type]
  | readonly ["tuple", readonly Type[]]
  | readonly ["object", Readonly<Record<string, Type>>];
