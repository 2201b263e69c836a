type EachOptions = {
  limit: number;
  /** Once true, nothing more is started; what runs is still waited for. */
  enough?: () => boolean;
};

/** Runs `task` over all items, at most `limit` at once. Waits for all; then the first error, if any, is thrown. */
export async function eachLimited<T>(
  items: readonly T[],
  { limit, enough = () => false }: EachOptions,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  async function lane(): Promise<void> {
    for (const item of queue) {
      if (enough()) return;
      await task(item);
    }
  }
  const lanes = Array.from({ length: Math.min(limit, items.length) }, lane);
  const failed = (await Promise.allSettled(lanes)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
