/** The same keys with other values; what becomes undefined is left out. */
export function mapValues<From, To>(record: Readonly<Record<string, From>>, to: (value: From) => To | undefined): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => {
      const result = to(value);
      return result === undefined ? [] : [[key, result]];
    }),
  );
}
