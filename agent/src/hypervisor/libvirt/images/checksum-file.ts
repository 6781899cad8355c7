/** What an image must be, in the vendor's or the person's words: lower-case hex. */
export type Checksum = { readonly sha256: string } | { readonly sha512: string };

/** `<hex>  name`, `<hex> *name` as sha256sum writes it. */
const GNU_LINE = /^([0-9a-f]{64}|[0-9a-f]{128})[ \t]+\*?(\S.*)$/i;
/** `SHA256 (name) = <hex>`. */
const BSD_LINE = /^SHA(?:256|512) \((.+)\) = ([0-9a-f]{64}|[0-9a-f]{128})$/i;
const SHA256_HEX_CHARS = 64;

/**
 * The checksum of a file by its name in a SHA256SUMS or SHA512SUMS (Ubuntu publishes the one, Debian only the other);
 * sha256 when there are both. Undefined when the name is not in it, or is there with two different ones: then it is no
 * proof of anything.
 */
export function findChecksum(text: string, fileName: string): Checksum | undefined {
  const found = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const [name, hex] = entryOf(line.trim());
    if (name === fileName && hex !== undefined) found.add(hex.toLowerCase());
  }
  for (const chars of [SHA256_HEX_CHARS, 2 * SHA256_HEX_CHARS]) {
    const [hex, other] = [...found].filter(({ length }) => length === chars);
    if (other !== undefined) return undefined;
    if (hex !== undefined) return chars === SHA256_HEX_CHARS ? { sha256: hex } : { sha512: hex };
  }
  return undefined;
}

/** Signatures and comments around the entries are no entries. */
function entryOf(line: string): readonly [name?: string | undefined, hex?: string | undefined] {
  const gnu = GNU_LINE.exec(line);
  if (gnu !== null) return [gnu[2]?.replace(/^\.\//, ""), gnu[1]];
  const bsd = BSD_LINE.exec(line);
  return bsd === null ? [] : [bsd[1]?.replace(/^\.\//, ""), bsd[2]];
}
