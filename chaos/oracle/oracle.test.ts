import { expect, test } from 'vitest';
import type { Answer, Json } from '../client.ts';
import { learn, type OperationLog, see } from '../operation-log.ts';
import { createFindings, type World } from '../world.ts';
import { checkPromises, type StoredJob } from './jobs.ts';
import { checkMoney } from './money.ts';

/** What the oracle says of runs that went wrong in one way each. */
const accounts = [{ id: 'acct_1', name: 'ample', granted: 1_000 }] as World['accounts'];
const job: StoredJob = {
  id: 'job_1',
  account_id: 'acct_1',
  status: 'completed',
  operation: 0,
  hold: 30,
  charges: 25,
  deadline_set: false,
  previewed: false,
};
const slot = { account_id: 'acct_1', available: 975, held: 0, spent: 25, outstanding: 0 };

const logOf = (more: Partial<OperationLog> = {}): OperationLog => ({
  operation: { id: 0, account: 0, keyed: true, jobs: [{}] } as OperationLog['operation'],
  request: { path: '/v1/jobs', apiKey: '' },
  answers: [],
  ids: ['job_1'],
  looks: {},
  ...more,
});

type Told = { said: string[]; report: World['report'] };
const listen = (): Told => {
  const said: string[] = [];
  return { said, report: (kind, what) => void said.push(`${kind}: ${what}`) };
};

function promises(log: OperationLog, stored: StoredJob[]): string[] {
  const { said, report } = listen();
  checkPromises({ operations: [log], accounts, report } as World, stored);
  return said;
}

async function money(stored: StoredJob[], row = slot): Promise<string[]> {
  const { said, report } = listen();
  await checkMoney({ accounts, report, look: { must: async () => [row] } } as unknown as World, stored);
  return said;
}

const answer = (status: number, body: Json): Answer => ({ status, body, headers: new Headers(), sentAt: 0, at: 0 });

test('of a run that went well it says nothing', async () => {
  expect(promises(logOf(), [job])).toEqual([]);
  expect(await money([job])).toEqual([]);
});

test.each<[string, OperationLog, StoredJob[]]>([
  ['lost: a job that was accepted is not there', logOf(), []],
  ['violations: 25 a job belongs to somebody else', logOf(), [{ ...job, account_id: 'acct_2' }]],
  ['violations: 12 one request, more than its jobs', logOf(), [job, { ...job, id: 'job_2' }]],
  ['violations: 12 a job that nobody was told of', logOf({ ids: [] }), [job]],
  ['violations: 13 refused, but a job exists', logOf({ ids: undefined, refusal: 'insufficient_credits' }), [job]],
])('%s', (what, log, stored) => {
  expect(promises(log, stored)).toContain(what);
});

test.each<[string, StoredJob, Partial<typeof slot>]>([
  ['double_charged: more is spent than was charged', job, { available: 950, spent: 50 }],
  ['double_charged: more was charged than was held', { ...job, hold: 20 }, {}],
  ['violations: less is spent than was charged', job, { available: 1_000, spent: 0 }],
  ['violations: credits came or went', job, { available: 976 }],
  ['violations: a completed job was not charged', { ...job, charges: 0 }, { available: 1_000, spent: 0 }],
  ['unrefunded: credits are still held', job, { available: 945, held: 30 }],
  ['unrefunded: credits are still held', job, { outstanding: 1 }],
  ['unrefunded: a failed job was charged', { ...job, status: 'failed' }, {}],
  ['unrefunded: a canceled job was charged', { ...job, status: 'canceled' }, {}],
  ['unrefunded: an expired job was charged', { ...job, status: 'expired', previewed: true }, {}],
])('%s', async (what, stored, change) => {
  expect(await money([stored], { ...slot, ...change })).toContain(what);
});

test('what a client was told must not change', () => {
  const { said, report } = listen();
  const log = logOf({ ids: undefined });
  const told = { id: 'job_1', status: 'canceled', version: 3 };
  learn({ report }, log, answer(202, told));
  learn({ report }, log, answer(202, { ...told, id: 'job_2' }));
  learn({ report }, log, answer(402, { code: 'insufficient_credits' }));
  see({ report }, log, { ...told, status: 'completed', version: 4 });
  expect(said).toEqual([
    'violations: 12 two answers under one key',
    'violations: 12 refused under a key that was accepted',
    'violations: 11 a job left its end',
  ]);
});

test('a finding counts once, however often it is seen', () => {
  const { findings, report } = createFindings(() => {});
  for (const job of ['job_1', 'job_1', 'job_2']) report('stuck', 'a job has not ended', { job });
  expect(findings.map(({ kind, detail }) => [kind, detail])).toEqual([
    ['stuck', '{"job":"job_1"}'],
    ['stuck', '{"job":"job_2"}'],
  ]);
});
