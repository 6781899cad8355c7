/** As `Promise.all` over all of them, with so many under way at once; after a failure no more are begun. */
export async function mapAtMost<T, R>(most: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const workOn = async (): Promise<void> => {
    try {
      for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
    } catch (reason) {
      next = items.length;
      throw reason;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, workOn));
  return results;
}
