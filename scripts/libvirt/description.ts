/**
 * Reads libvirt's published descriptions of its wire: the `.x` files (XDR's language, RFC 4506, as far as libvirt uses
 * it) and the enums of its public headers. Only facts come out: names, numbers, shapes. A description that it does not
 * understand is an error, never a guess.
 */

/** A type as a description names it. */
export type WireType =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "optional"; readonly of: WireType }
  | { readonly kind: "array"; readonly of: WireType; readonly max: number }
  | { readonly kind: "fixed"; readonly of: WireType; readonly count: number }
  | { readonly kind: "string"; readonly max: number }
  | { readonly kind: "bytes"; readonly max: number }
  | { readonly kind: "opaque"; readonly count: number };

export interface Field {
  readonly name: string;
  readonly type: WireType;
}

export type Definition =
  | { readonly kind: "struct"; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: "union"; readonly name: string; readonly on: string; readonly arms: readonly (Field & { readonly value: number })[] }
  | { readonly kind: "alias"; readonly name: string; readonly type: WireType };

export interface Procedure {
  readonly name: string;
  readonly number: number;
  /** From the annotations: a high one never waits for a guest. */
  readonly isHighPriority: boolean;
  readonly stream: "read" | "write" | undefined;
}

export interface Description {
  readonly constants: ReadonlyMap<string, number>;
  readonly definitions: readonly Definition[];
  readonly procedures: readonly Procedure[];
}

export interface Enumeration {
  readonly name: string;
  readonly values: readonly (readonly [name: string, value: number])[];
}

const BASIC = new Set(["int", "uint", "hyper", "uhyper", "double", "char", "uchar", "ushort"]);

/** Reads `.x` files, each of which may use what those before it define. `known` has the values that headers define. */
export function parseDescriptions(texts: readonly string[], known: ReadonlyMap<string, number>): Description {
  const constants = new Map(known);
  const definitions: Definition[] = [];
  const procedures: Procedure[] = [];
  const names = new Set(BASIC);
  for (const text of texts) {
    procedures.push(...findProcedures(text));
    const tokens = tokensOf(text);
    while (tokens.length > 0) {
      const word = take(tokens);
      if (word === "const") {
        const name = take(tokens);
        expect(tokens, "=");
        constants.set(name, valueOf(take(tokens), constants));
      } else if (word === "enum") {
        const name = take(tokens);
        expect(tokens, "{");
        for (let next = 0; take(tokens, false) !== "}"; next++) {
          const member = take(tokens);
          if (tokens[0] === "=") {
            take(tokens);
            next = valueOf(take(tokens), constants);
          }
          constants.set(member, next);
          if (tokens[0] === ",") take(tokens);
        }
        expect(tokens, "}");
        names.add(name);
        definitions.push({ kind: "alias", name, type: { kind: "name", name: "int" } });
      } else if (word === "struct") {
        const name = take(tokens);
        expect(tokens, "{");
        const fields: Field[] = [];
        while (tokens[0] !== "}") {
          fields.push(parseField(tokens, constants, names));
          expect(tokens, ";");
        }
        expect(tokens, "}");
        names.add(name);
        definitions.push({ kind: "struct", name, fields });
      } else if (word === "union") {
        const name = take(tokens);
        for (const part of ["switch", "(", "int"]) expect(tokens, part);
        const on = take(tokens);
        for (const part of [")", "{"]) expect(tokens, part);
        const arms: (Field & { value: number })[] = [];
        while (tokens[0] !== "}") {
          expect(tokens, "case");
          const value = valueOf(take(tokens), constants);
          expect(tokens, ":");
          arms.push({ ...parseField(tokens, constants, names), value });
          expect(tokens, ";");
        }
        expect(tokens, "}");
        names.add(name);
        definitions.push({ kind: "union", name, on, arms });
      } else if (word === "typedef") {
        const { name, type } = parseField(tokens, constants, names);
        names.add(name);
        definitions.push({ kind: "alias", name, type });
      } else {
        throw new Error(`A definition starts with "${word}", which is not one of const, enum, struct, union, typedef.`);
      }
      expect(tokens, ";");
    }
  }
  return { constants, definitions, procedures };
}

/** Every `typedef enum` of a public header, without the sentinels that only say how many there are. */
export function parseEnumerations(texts: readonly string[]): readonly Enumeration[] {
  const values = new Map<string, number>();
  const enumerations: Enumeration[] = [];
  for (const text of texts) {
    const code = withoutComments(text).replaceAll(/^#\s*ifdef VIR_ENUM_SENTINELS[\s\S]*?^#\s*endif/gm, "");
    for (const [, body = "", name = ""] of code.matchAll(/typedef enum \{([^}]*)\}\s*(\w+)\s*;/g)) {
      const members: [string, number][] = [];
      let next = 0;
      for (const member of body.split(",").map((part) => part.trim())) {
        if (member === "") continue;
        const [, label, expression] = /^(\w+)(?:\s*=\s*([\s\S]+))?$/.exec(member) ?? [];
        if (label === undefined) throw new Error(`${name} has a member that is not understood: ${member}`);
        if (expression !== undefined) next = evaluate(expression, values);
        values.set(label, next);
        members.push([label, next]);
        next += 1;
      }
      enumerations.push({ name, values: members });
    }
  }
  return enumerations;
}

/** The numbers that headers define with `#define NAME (1 + 2)`. */
export function parseDefines(texts: readonly string[]): ReadonlyMap<string, number> {
  const defines = texts.flatMap((text) => [...withoutComments(text).matchAll(/^#\s*define (\w+)[ \t]+\(([\d +]+)\)/gm)]);
  return new Map(defines.map(([, name = "", sum = ""]) => [name, sum.split("+").reduce((total, part) => total + Number(part), 0)]));
}

function evaluate(expression: string, values: ReadonlyMap<string, number>): number {
  const text = expression.replaceAll(/[()\s]/g, "");
  const [, one, shift] = /^(\d+)U?<<(\d+)$/.exec(text) ?? [];
  if (one !== undefined && shift !== undefined) return Number(one) * 2 ** Number(shift);
  if (text.includes("|")) return text.split("|").reduce((sum, part) => sum | evaluate(part, values), 0);
  return valueOf(text, values);
}

/** The procedures of a file with the annotations in the comment above each. */
function findProcedures(text: string): readonly Procedure[] {
  const body = /^enum (?:remote|qemu|keepalive)_procedure \{([\s\S]*?)^\};/m.exec(text)?.[1];
  if (body === undefined) return [];
  return [...body.matchAll(/((?:\/\*(?:(?!\*\/)[\s\S])*\*\/\s*)*)(\w+_PROC_\w+)\s*=\s*(\d+)/g)].map(
    ([, comments = "", name = "", number]) => {
      const comment = comments.slice(comments.lastIndexOf("/*"));
      return {
        name,
        number: Number(number),
        isHighPriority: comment.includes("@priority: high"),
        stream: comment.includes("@readstream") ? "read" : comment.includes("@writestream") ? "write" : undefined,
      };
    },
  );
}

function parseField(tokens: string[], constants: ReadonlyMap<string, number>, names: ReadonlySet<string>): Field {
  let word = take(tokens);
  if (word === "struct" || word === "enum") word = take(tokens);
  if (word === "unsigned") {
    if (["int", "hyper", "char", "short"].includes(tokens[0] ?? "")) word = `u${take(tokens)}`;
    else word = "uint";
  }
  const isOptional = tokens[0] === "*";
  if (isOptional) take(tokens);
  const name = take(tokens);
  const open = tokens[0];
  let size: number | undefined;
  if (open === "<" || open === "[") {
    take(tokens);
    size = valueOf(take(tokens), constants);
    expect(tokens, open === "<" ? ">" : "]");
  }
  if (word === "string" || word === "opaque") {
    if (size === undefined || isOptional) throw new Error(`${word} ${name} has no size.`);
    if (word === "string") return { name, type: { kind: "string", max: size } };
    return { name, type: open === "<" ? { kind: "bytes", max: size } : { kind: "opaque", count: size } };
  }
  if (!names.has(word)) throw new Error(`"${name}" has the unknown type "${word}".`);
  const of: WireType = { kind: "name", name: word };
  if (isOptional) return { name, type: { kind: "optional", of } };
  if (size === undefined) return { name, type: of };
  return { name, type: open === "<" ? { kind: "array", of, max: size } : { kind: "fixed", of, count: size } };
}

function tokensOf(text: string): string[] {
  return (
    withoutComments(text)
      .replaceAll(/^%.*$/gm, "")
      .match(/\w+|[^\s\w]/g) ?? []
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, " ");
}

function valueOf(word: string, constants: ReadonlyMap<string, number>): number {
  const value = /^-?\d/.test(word) ? Number(word) : constants.get(word);
  if (value === undefined || Number.isNaN(value)) throw new Error(`"${word}" is no number and no constant that is known.`);
  return value;
}

function take(tokens: string[], remove = true): string {
  const token = remove ? tokens.shift() : tokens[0];
  if (token === undefined) throw new Error("The description ends in the middle of a definition.");
  return token;
}

function expect(tokens: string[], wanted: string): void {
  const token = take(tokens);
  if (token !== wanted) throw new Error(`There is "${token}" where "${wanted}" belongs.`);
}
