import { describe, expect, test } from 'vitest';
import type { Json } from './client.ts';
import { api, makeAccount, untilEnded } from './stack.ts';

type Event = { event: string; id?: string; data: Json };

/** Server-sent events as a client reads them, until the stream ends or `enough` have come. */
async function listen(url: string, { lastEventId, enough = 100 }: { lastEventId?: string; enough?: number } = {}) {
  const stop = new AbortController();
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await fetch(url, { headers, signal: stop.signal });
  const events: Event[] = [];
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    events.push(...frames.filter((frame) => !frame.startsWith(':')).map(parse));
    if (events.length >= enough) break;
  }
  stop.abort();
  return { status: response.status, type: response.headers.get('content-type'), events };
}

function parse(frame: string): Event {
  const fields = frame.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]);
  const { event = '', id, data = 'null' } = Object.fromEntries(fields) as Record<string, string>;
  return { event, id, data: JSON.parse(data) };
}

async function submit(prompt = 'a lighthouse', more: object = {}) {
  const { api_key: key } = await makeAccount({ credits: 1000 });
  const body = { model: 'flux-dev', input: { prompt }, ...more };
  return { key, job: (await api('/v1/jobs', { key, body })).body };
}

const names = (events: Event[]) => events.map(({ event }) => event);
const statuses = (events: Event[]) => events.filter(({ event }) => event === 'status').map(({ data }) => data.status);

describe.concurrent('the events of a job', () => {
  test('are its states, its progress, its outputs, and at the end the job itself', async () => {
    const { key, job } = await submit('a fox #slow=2');
    const { status, type, events } = await listen(job.urls.events);
    expect([status, type]).toEqual([200, expect.stringMatching(/^text\/event-stream/)]);
    expect(statuses(events)).toEqual(['queued', 'processing', 'completed']);
    expect(names(events)).toContain('progress');
    expect(names(events).slice(-2)).toEqual(['output', 'done']);
    const done = await untilEnded(job.id, { key });
    expect(events.at(-1)?.data).toEqual(done);
    expect(events.at(-2)?.data).toEqual(done.outputs[0]);
    expect(JSON.stringify(events)).not.toContain('events_token');
  });

  test('go on after a break from the last one that was seen, and say when there is no more', async () => {
    const { key, job } = await submit('a fox #slow=2');
    const first = await listen(job.urls.events, { enough: 2 });
    const lastEventId = first.events.findLast(({ id }) => id !== undefined)?.id;
    const rest = await listen(job.urls.events, { lastEventId });
    const seen = Number(lastEventId);
    for (const { event, id } of rest.events) if (event === 'status' && id) expect(Number(id)).toBeGreaterThan(seen);
    const all = [...statuses(first.events), ...statuses(rest.events)];
    expect(all).toEqual(['queued', 'processing', 'completed']);
    const over = await listen(job.urls.events, { lastEventId: rest.events.at(-1)?.id });
    expect([over.status, over.events]).toEqual([204, []]);
    await untilEnded(job.id, { key });
  });

  test('show a preview before the final', async () => {
    const { job } = await submit('a heron', { preview: true });
    const { events } = await listen(job.urls.events);
    expect(statuses(events)).toEqual(['queued', 'processing', 'preview_ready', 'generating_final', 'completed']);
    const outputs = events.filter(({ event }) => event === 'output').map(({ data }) => data.stage);
    expect(outputs).toEqual(['preview', 'final']);
  });

  test('of one that has ended are told at once', async () => {
    const { key, job } = await submit('#fail', { routing: { allow_fallbacks: false } });
    await untilEnded(job.id, { key });
    const { events } = await listen(job.urls.events);
    expect(names(events).at(-1)).toBe('done');
    expect(events.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: expect.any(String) } });
  });

  test('are read with the URL’s token or the caller’s key, and nothing else', async () => {
    const { key, job } = await submit();
    await untilEnded(job.id, { key });
    const bare = job.urls.events.replace(/\?.*/, '');
    const status = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers })).status;
    const other = (await makeAccount()).api_key;
    expect(await status(bare, { 'x-api-key': key })).toBe(200);
    expect(await status(bare)).toBe(401);
    expect(await status(bare, { 'x-api-key': other })).toBe(404);
    expect(await status(`${bare}?token=${'0'.repeat(64)}`)).toBe(404);
    const stranger = await submit();
    expect(await status(`${bare}?token=${new URL(stranger.job.urls.events).searchParams.get('token')}`)).toBe(404);
  });
});
