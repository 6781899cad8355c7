/** Of XDR (RFC 4506) what libvirt uses. A `hyper` has 64 bits and is a bigint here; `char` and `short` take 32 bits on the wire. */
export type Basic = "int" | "uint" | "hyper" | "uhyper" | "double" | "char" | "uchar" | "ushort";

/** A basic type or the name of another shape of the same table, or one of these made of them. */
export type Shape =
  | string
  | { readonly optional: Shape }
  | { readonly array: Shape; readonly max: number }
  | { readonly fixed: Shape; readonly count: number }
  /** At most so many bytes of UTF-8. */
  | { readonly string: number }
  /** At most so many bytes. */
  | { readonly bytes: number }
  /** Exactly so many bytes. */
  | { readonly opaque: number }
  /** Fields in the order of the wire. */
  | { readonly struct: Readonly<Record<string, Shape>> }
  /** Arms by the value of the discriminant, which the field `on` holds. */
  | { readonly union: Readonly<Record<number, readonly [name: string, shape: Shape]>>; readonly on: string };

export type ShapeTable = Readonly<Record<string, Shape>>;
