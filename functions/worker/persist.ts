import { type Result, unwrap } from '../../shared/errors/result.ts';

const DELAYS_MS = [200, 1_000, 3_000];

/**
 * Writes down what has happened outside and cannot be made to happen again: worth some seconds of patience with a database that does
 * not answer. Only for calls that may run twice. Throws the refusal in the end.
 */
export async function persist<T>(sleep: (ms: number) => Promise<void>, call: () => Promise<Result<T>>): Promise<T> {
  for (const delay of DELAYS_MS) {
    const result = await call();
    if (result.ok || result.refusal.code !== 'unavailable') return unwrap(result);
    await sleep(delay);
  }
  return unwrap(await call());
}
