import { expect } from 'vitest';
import { hookUrl } from '../run-attempt.ts';
import { type fakeWorker, ORIGIN, SIGNING_SECRET, work } from './fakes.ts';

export type Fake = ReturnType<typeof fakeWorker>;

export const pathOf = async (of = work()) =>
  (await hookUrl({ origin: ORIGIN, signingSecret: SIGNING_SECRET } as Fake['deps'], of)).slice(ORIGIN.length);

export async function call({ app }: Fake, init: RequestInit = {}, path?: string) {
  const headers = { 'content-type': 'application/json', 'x-sign': 'good' };
  return app.request(path ?? (await pathOf()), { method: 'POST', body: '{}', headers, ...init });
}

/** No write and no lease: the database was not spoken to at all. */
export function untouched({ db }: Fake) {
  for (const method of Object.values(db)) expect(method).not.toHaveBeenCalled();
}
