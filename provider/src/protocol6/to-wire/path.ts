import type { AttributePath, AttributePath_Step } from "../../../gen/tfplugin6.ts";
import type { Path } from "../provider.ts";
import type { AttributeSchema, AttributeSchemas } from "../schema.ts";
import type { Type } from "../type.ts";

type Place = { readonly attributes: AttributeSchemas } | { readonly attribute: AttributeSchema } | { readonly type: Type };

/**
 * A path as the protocol wants it, where an attribute and a key of a map are two things. Ends early at what has no place
 * in the schema, and at a set, whose items have no keys: Terraform points at the whole then.
 */
export function toWirePath(attributes: AttributeSchemas, path: Path): AttributePath {
  const steps: AttributePath_Step[] = [];
  let place: Place | undefined = { attributes };
  for (const step of path) {
    const [selector, next] = enter(place, step);
    if (selector === undefined) break;
    steps.push({ selector });
    place = next;
    if (place === undefined) break;
  }
  return { steps };
}

type Entered = readonly [selector?: NonNullable<AttributePath_Step["selector"]>, next?: Place];

function enter(place: Place, step: string | number): Entered {
  if ("attributes" in place) return attributeOf(place.attributes, step);
  if ("type" in place) return enterType(place.type, step);
  const { nested, type } = place.attribute;
  if (nested === undefined) return enterType(type, step);
  const next: Place = { attributes: nested.attributes };
  switch (nested.nesting) {
    case "single":
      return attributeOf(nested.attributes, step);
    case "map":
      return [{ $case: "element_key_string", value: String(step) }, next];
    case "list":
      return typeof step === "number" ? [{ $case: "element_key_int", value: step }, next] : [];
    case "set":
      return [];
  }
}

function attributeOf(attributes: AttributeSchemas, step: string | number): Entered {
  const attribute = Object.hasOwn(attributes, step) ? attributes[step] : undefined;
  return attribute === undefined ? [] : [{ $case: "attribute_name", value: String(step) }, { attribute }];
}

function enterType(type: Type, step: string | number): Entered {
  if (typeof type === "string") return [];
  switch (type[0]) {
    case "object": {
      const inner = Object.hasOwn(type[1], step) ? type[1][step] : undefined;
      return inner === undefined ? [] : [{ $case: "attribute_name", value: String(step) }, { type: inner }];
    }
    case "map":
      return [{ $case: "element_key_string", value: String(step) }, { type: type[1] }];
    case "list":
      return typeof step === "number" ? [{ $case: "element_key_int", value: step }, { type: type[1] }] : [];
    case "tuple": {
      const inner = typeof step === "number" ? type[1][step] : undefined;
      return inner === undefined ? [] : [{ $case: "element_key_int", value: Number(step) }, { type: inner }];
    }
    case "set":
      return [];
  }
}
