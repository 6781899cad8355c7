/** What stands between `${` and `}`. */
export type Expression = { readonly kind: "variable" | "environment"; readonly name: string } | { readonly kind: "index" };

export type Part = string | { readonly expression: Expression; readonly at: number };

export interface BadExpression {
  /** From the start of the text. */
  readonly at: number;
  readonly detail: string;
  readonly hint: string;
}

const FORMS = "Write ${var.name}, ${env.NAME} or ${index}; for a plain ${ write $${.";

/** True when the text is not just text: it has an expression or an escaped one. */
export function hasExpression(text: string): boolean {
  return text.includes("${");
}

/** Splits a text at its expressions; `$${` is a plain `${`. All that cannot be read is in `bad`. */
export function parseExpressions(text: string): { readonly parts: readonly Part[]; readonly bad: readonly BadExpression[] } {
  const parts: Part[] = [];
  const bad: BadExpression[] = [];
  let plain = "";
  let pos = 0;
  for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", pos)) {
    if (at > pos && text[at - 1] === "$") {
      plain += `${text.slice(pos, at - 1)}\${`;
      pos = at + 2;
      continue;
    }
    plain += text.slice(pos, at);
    const end = text.indexOf("}", at);
    if (end < 0) {
      bad.push({ at, detail: "An expression begins here and has no closing brace.", hint: FORMS });
      return { parts, bad };
    }
    const expression = parseExpression(text.slice(at + 2, end));
    if (expression === undefined)
      bad.push({ at, detail: "This expression cannot be read: there are no functions, operators or other names.", hint: FORMS });
    else {
      if (plain !== "") parts.push(plain);
      parts.push({ expression, at });
      plain = "";
    }
    pos = end + 1;
  }
  plain += text.slice(pos);
  if (plain !== "" || parts.length === 0) parts.push(plain);
  return { parts, bad };
}

/** The text that `parseExpressions` reads as this text. */
export function escapeExpressions(text: string): string {
  // A function, because `$$` in a replacement text means one `$`.
  return text.replaceAll("${", () => "$${");
}

function parseExpression(inner: string): Expression | undefined {
  if (inner === "index") return { kind: "index" };
  const match = /^(var|env)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(inner);
  if (match === null) return undefined;
  return { kind: match[1] === "var" ? "variable" : "environment", name: match[2]! };
}
