import type { ParsedSpec, ParseOptions, ReadSource } from "./parse.ts";
import { resolveSpec, toTexts } from "./parse.ts";
import type { SpecSource, SourceText } from "./source.ts";
import { readFully } from "./text/full.ts";
import { readEasily } from "./text/read.ts";

/**
 * `parseSpec` for callers that cannot wait, such as a constructor. A module of its own, because it always loads the
 * `yaml` package, which takes some 20 ms.
 */
export function parseSpecNow(sources: readonly SpecSource[], options: ParseOptions): ParsedSpec {
  const { spec, variables } = toTexts(sources, options);
  return resolveSpec(spec.map(read), variables.map(read), options);
}

function read(source: SourceText): ReadSource {
  return { source, ...(readEasily(source.text) ?? readFully(source.text)) };
}
