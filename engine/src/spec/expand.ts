import { describeValue } from "./display.ts";
import { hasExpression, parseExpressions } from "./expression.ts";
import type { Expression } from "./expression.ts";
import type { Scope } from "./scope.ts";
import { addProblem, ownerOf } from "./scope.ts";
import { describePlace } from "./source.ts";
import { didYouMean } from "./suggest.ts";
import type { ScalarNode } from "./text/tree.ts";
import type { Variable, VariableValue } from "./variables.ts";

/** A scalar with its expressions resolved. */
export interface Expanded {
  readonly value: VariableValue;
  /** What the whole value came from; absent for text around an expression. */
  readonly from?:
    | { readonly kind: "variable"; readonly variable: Variable }
    | { readonly kind: "environment"; readonly name: string }
    | { readonly kind: "index" };
}

/** Resolves a scalar that has an expression; undefined when that is not possible, which is then reported. */
export function expand(scope: Scope, node: ScalarNode): Expanded | undefined {
  const { parts, bad } = parseExpressions(node.text);
  for (const { at, detail, hint } of bad) addProblem(scope, "EXPRESSION_SYNTAX", offsetIn(node, at), detail, hint);
  let text = "";
  let only: Expanded | undefined;
  let isComplete = bad.length === 0;
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    only = evaluate(scope, part.expression, offsetIn(node, part.at));
    if (only === undefined) isComplete = false;
    else text += String(only.value);
  }
  if (!isComplete) return undefined;
  return parts.length === 1 && only !== undefined ? only : { value: text };
}

/** Counts the variables of a value that is not read any further as used, so that one mistake is one error. */
export function markUses(scope: Scope, node: ScalarNode): void {
  if (!hasExpression(node.text)) return;
  for (const part of parseExpressions(node.text).parts) {
    if (typeof part === "object" && part.expression.kind === "variable") scope.variables.use(part.expression.name);
  }
}

/** `${var.size} is the boolean true, declared in ghost.yaml:4`. */
export function describeExpanded({ value, from }: Expanded): string {
  switch (from?.kind) {
    case "variable":
      return `\${var.${from.variable.name}} is the ${from.variable.type} ${describeValue(value)}, declared in ${describePlace(from.variable.place)}`;
    case "environment":
      return `\${env.${from.name}} is ${describeValue(value)}`;
    case "index":
      return `\${index} is ${value}`;
    case undefined:
      return `it reads ${describeValue(value)}`;
  }
}

function evaluate(scope: Scope, expression: Expression, offset: number): Expanded | undefined {
  switch (expression.kind) {
    case "variable":
      return evaluateVariable(scope, expression.name, offset);
    case "environment": {
      const value = Object.hasOwn(scope.env, expression.name) ? scope.env[expression.name] : undefined;
      if (value !== undefined) return { value, from: { kind: "environment", name: expression.name } };
      addProblem(
        scope,
        "VARIABLE_UNDEFINED",
        offset,
        `The environment has no variable ${expression.name}.`,
        `Set it: ${expression.name}=… ghost plan`,
      );
      return undefined;
    }
    case "index":
      scope.usesIndex = true;
      if (scope.index !== undefined) return { value: scope.index, from: { kind: "index" } };
      addProblem(
        scope,
        "EXPRESSION_SYNTAX",
        offset,
        `\${index} is the number of a replica, and ${scope.section === undefined ? "there are none here" : `${ownerOf(scope)} has none`}.`,
        "Set replicas on the VM, or write the value out.",
      );
      return undefined;
  }
}

function evaluateVariable(scope: Scope, name: string, offset: number): Expanded | undefined {
  const variable = scope.variables.use(name);
  if (variable === undefined) {
    const near = scope.suggest(name, scope.variables.names());
    addProblem(
      scope,
      "VARIABLE_UNDEFINED",
      offset,
      `The variable "${name}" is not declared.`,
      didYouMean(near) ?? `Declare it: variables: { ${name}: { type: string } }`,
    );
    return undefined;
  }
  // A variable without a value is told once, where it is declared.
  return variable.value === undefined ? undefined : { value: variable.value, from: { kind: "variable", variable } };
}

/** Escapes in quotes and the lines of a block move what is behind them, so there the value's start is as near as it gets. */
function offsetIn(node: ScalarNode, at: number): number {
  const length = node.end - node.start;
  if (node.plain) return length === node.text.length ? node.start + at : node.start;
  return length === node.text.length + 2 ? node.start + 1 + at : node.start;
}
