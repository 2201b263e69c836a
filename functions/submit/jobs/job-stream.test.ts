import { describe, expect, test } from 'vitest';
import type { JobRow } from '../../../shared/db/rows.ts';
import type { JobEventRow } from '../../../shared/db/submit.ts';
import { ok, refused } from '../../../shared/errors/result.ts';
import { fakeApp, JOB_ID, jobRow } from '../testing/fakes.ts';

const at = '2026-11-21T12:00:01.000Z';
const status = (version: number, from: string | null, to: string): JobEventRow => ({
  version,
  type: 'status',
  from,
  status: to,
  data: {},
  at,
});
const output = {
  id: `out_${'0'.repeat(32)}`,
  stage: 'final' as const,
  kind: 'image' as const,
  url: 'https://cdn.test/a.png',
  content_type: 'image/png',
  bytes: 3,
};

type Look = { job: Partial<JobRow>; events: JobEventRow[] };

/** A job that looks like this at one poll after the other; the last look stays. */
function stream(looks: Look[], headers: Record<string, string> = {}) {
  let polls = 0;
  const app = fakeApp({
    jobEvents: () => {
      const { job, events } = looks[Math.min(polls++, looks.length - 1)] as Look;
      return ok({ job: jobRow(job), events });
    },
  });
  return {
    ...app,
    polls: () => polls,
    response: app.call(`/v1/jobs/${JOB_ID}/events?token=t0ken`, { key: null, headers }),
  };
}

function parse(text: string) {
  return text
    .split('\n\n')
    .filter(Boolean)
    .map((block) => {
      const lines = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      return { ...lines, ...(lines.data && { data: JSON.parse(lines.data) }) } as {
        event?: string;
        id?: string;
        data?: Record<string, unknown>;
      };
    });
}

const LIFE: Look[] = [
  { job: {}, events: [status(1, null, 'queued')] },
  { job: { version: 2, status: 'processing', progress: 0.5 }, events: [status(2, 'queued', 'processing')] },
  { job: { version: 2, status: 'processing', progress: 0.5 }, events: [] },
  {
    job: { version: 3, status: 'completed', progress: 1, outputs: [output] },
    events: [status(3, 'processing', 'completed')],
  },
];

test('a life in events, ended by done', async () => {
  const { response, calls } = stream(LIFE);
  expect((await response).headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const events = parse(await (await response).text());
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['status', '1'],
    ['progress', undefined],
    ['status', '2'],
    ['progress', undefined],
    ['status', undefined],
    ['output', undefined],
    ['done', '3'],
  ]);
  expect(events.at(-1)?.data).toMatchObject({ id: JOB_ID, status: 'completed', urls: {} });
  expect(events.at(-1)?.data).not.toHaveProperty('events_token');
  expect(calls.map(({ args }) => args[2])).toEqual([0, 1, 2, 2]);
});

test('goes on after Last-Event-ID', async () => {
  const { response, calls } = stream(LIFE.slice(3), { 'last-event-id': '2' });
  await (await response).text();
  expect(calls[0]?.args).toEqual([JOB_ID, 't0ken', 2]);
});

test('204 when everything was seen, so that an EventSource stops', async () => {
  const { response } = stream([{ job: { version: 3, status: 'completed' }, events: [] }], { 'last-event-id': '3' });
  expect((await response).status).toBe(204);
});

test.each(['-1', '1.5', 'x', '99999999999999999999', '1; drop'])(
  'an id that is none of ours starts from the beginning: %s',
  async (id) => {
    const { response, calls } = stream(LIFE.slice(3), { 'last-event-id': id });
    await (await response).text();
    expect(calls[0]?.args[2]).toBe(0);
  },
);

test('polls slower while nothing happens, between 0.5 and 2 s, and says that it lives every 15 s', async () => {
  const quiet: Look = { job: { version: 1 }, events: [] };
  const { response, clock } = stream([LIFE[0] as Look, ...Array(20).fill(quiet), LIFE[3] as Look]);
  const text = await (await response).text();
  expect(Math.min(...clock.naps)).toBe(500);
  expect(Math.max(...clock.naps)).toBe(2_000);
  expect(text.split(': heartbeat').length - 1).toBe(2);
});

test('a poll that fails is no event', async () => {
  let polls = 0;
  const jobEvents = () => {
    if (polls++ === 1) return refused('unavailable', { ambiguous: false });
    const look = (polls === 1 ? LIFE[0] : LIFE[3]) as Look;
    return ok({ job: jobRow(look.job), events: look.events });
  };
  const response = await fakeApp({ jobEvents }).call(`/v1/jobs/${JOB_ID}/events?token=t`);
  expect(parse(await response.text()).at(-1)?.event).toBe('done');
});

describe('ends by itself', () => {
  const endless: Look[] = [{ job: { status: 'processing' }, events: [] }];

  test('after four hundred polls, before the runtime cuts it', async () => {
    const { response, polls } = stream(endless);
    await (await response).text();
    expect(polls()).toBe(401);
  });

  test('when the client leaves, at once', async () => {
    const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const { call, calls } = fakeApp(
      { jobEvents: () => ok({ job: jobRow({ status: 'processing' }), events: [] }) },
      { sleep: () => pause(5) },
    );
    const reader = (await call(`/v1/jobs/${JOB_ID}/events?token=t0ken`)).body?.getReader();
    await reader?.read();
    reader?.cancel();
    await pause(20);
    const asked = calls.length;
    await pause(60);
    expect(calls).toHaveLength(asked);
  });
});

describe('who may listen', () => {
  test('whoever has the token; a wrong one is 404', async () => {
    const response = await fakeApp().call(`/v1/jobs/${JOB_ID}/events?token=wrong`, { key: null });
    expect(response.status).toBe(404);
  });

  test('whoever may read the job', async () => {
    const { call, calls } = fakeApp({
      getJob: () => ok(jobRow()),
      jobEvents: () => ok({ job: jobRow(LIFE[3]?.job), events: [] }),
    });
    await (await call(`/v1/jobs/${JOB_ID}/events`)).text();
    expect(calls.map(({ fn }) => fn)).toEqual(['getJob', 'jobEvents']);
    expect(calls[1]?.args[1]).toBe('t0ken');
  });

  test('nobody else', async () => {
    const { call, calls } = fakeApp();
    expect((await call(`/v1/jobs/${JOB_ID}/events`, { key: null })).status).toBe(401);
    expect(calls).toEqual([]);
  });
});
