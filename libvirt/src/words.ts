/**
 * Libvirt's word for a number of an enumeration, without what all its names have in common: `running` for
 * VIR_DOMAIN_RUNNING, `not-found` for VIR_X_NOT_FOUND. A number that the description does not know stays a number: "17".
 */
export function wordFor(enumeration: Readonly<Record<string, number>>, value: number): string {
  let words = known.get(enumeration);
  if (words === undefined) {
    const names = Object.keys(enumeration);
    const common = commonPrefix(names);
    words = new Map(names.map((name) => [enumeration[name]!, name.slice(common.length).toLowerCase().replaceAll("_", "-")]));
    known.set(enumeration, words);
  }
  return words.get(value) ?? String(value);
}

const known = new WeakMap<object, ReadonlyMap<number, string>>();

/** Whole words only; of a single name all but the last one. */
function commonPrefix(names: readonly string[]): string {
  const [first = "", ...others] = names;
  let prefix = first.slice(0, first.lastIndexOf("_") + 1);
  while (!others.every((name) => name.startsWith(prefix))) prefix = prefix.slice(0, prefix.lastIndexOf("_", prefix.length - 2) + 1);
  return prefix;
}
