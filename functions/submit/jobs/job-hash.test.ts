import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchRequest, JobRequest } from '../../../shared/contract/job-request.ts';
import { canonicalJson } from '../../../shared/http/request-hash.ts';
import { batchHash, jobHash, quoteHash } from './job-hash.ts';

const QUOTE = `qt_${'0'.repeat(32)}`;
const hash = (body: object) => jobHash(JobRequest().parse(body));

test('spelling does not count, meaning does', async () => {
  const job = { model: 'm', input: { a: 1, b: [{ c: null, d: 'x' }] } };
  const same = await hash(job);
  expect(same).toMatch(/^[0-9a-f]{64}$/);
  expect(await hash({ input: { b: [{ d: 'x', c: null }], a: 1.0 }, model: 'm' })).toBe(same);
  expect(await hash({ module: 'm', params: job.input, count: 1, priority: 'normal', routing: {}, metadata: {} })).toBe(
    same,
  );
  expect(await hash({ ...job, quote_id: QUOTE })).toBe(same);
  expect(await hash({ ...job, count: 2 })).not.toBe(same);
  expect(await hash({ ...job, input: { ...job.input, a: '1' } })).not.toBe(same);
  expect(await hash({ ...job, input: { ...job.input, e: null } })).not.toBe(same);
});

test('a preview that is not wanted is the same as none', async () => {
  const job = { model: 'm', input: { prompt: 'x' } };
  const [plain, off, on] = [job, { ...job, preview: false }, { ...job, preview: true }].map((body) =>
    JobRequest().parse(body),
  ) as [JobRequest, JobRequest, JobRequest];
  expect(await jobHash(off)).toBe(await jobHash(plain));
  expect(await jobHash(on)).not.toBe(await jobHash(plain));
  expect(await quoteHash(off)).toBe(await quoteHash(plain));
  expect(await batchHash({ jobs: [off] })).toBe(await batchHash({ jobs: [plain] }));
  expect(await quoteHash({ jobs: [off] })).toBe(await quoteHash({ jobs: [plain] }));
  expect(await batchHash({ jobs: [on] })).not.toBe(await batchHash({ jobs: [plain] }));
});

test('a batch of one is not the job', async () => {
  const job = { model: 'm', input: {} };
  const batch = await batchHash(BatchRequest().parse({ jobs: [job] }));
  expect(batch).not.toBe(await hash(job));
  expect(await batchHash(BatchRequest().parse({ jobs: [job], quote_id: QUOTE }))).toBe(batch);
});

test('canonical JSON is JSON of the same value, and the same for every order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(canonicalJson(json))).toEqual(json);
      expect(canonicalJson(reversed(json))).toBe(canonicalJson(json));
    }),
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).reverse();
  return Object.fromEntries(members.map(([key, member]) => [key, reversed(member)]));
}
