import { describe, expect, test } from 'vitest';
import { JobRequest } from '../../../shared/contract/job-request.ts';
import { buildJobSpec } from './job-spec.ts';

const settings = {
  origin: 'https://darkroom.test',
  localMediaOrigins: ['http://127.0.0.1:9001'],
  localWebhookOrigins: ['http://127.0.0.1:9002'],
};
const NOW = Date.parse('2026-11-21T12:00:00Z');

const build = (request: object, now = NOW) =>
  buildJobSpec(JobRequest().parse({ model: 'flux-dev', input: { prompt: 'a lighthouse' }, ...request }), {
    now: () => now,
    settings,
  });

function spec(request: object) {
  const built = build(request);
  if (!built.ok) throw new Error(JSON.stringify(built.refusal));
  return built.value;
}

test('a plain request becomes one final stage, cheapest words first', () => {
  expect(spec({})).toMatchObject({
    model: 'flux-dev',
    requested_model: 'flux-dev',
    operation: 'image',
    input: { prompt: 'a lighthouse' },
    count: 1,
    preview: 'none',
    priority: 'normal',
    metadata: {},
    routing: {},
    deadline_seconds: 600,
    deadline_set: false,
    warnings: [],
  });
  expect(Object.keys(spec({}).stages)).toEqual(['final']);
});

test('candidates carry everything that a hold and a claim need', () => {
  for (const candidate of spec({}).stages.final?.candidates ?? []) {
    expect(candidate).toEqual({
      provider: expect.any(String),
      provider_model: expect.any(String),
      profiles: expect.arrayContaining([expect.any(String)]),
      rank: expect.any(Number),
      outputs_per_call: expect.any(Number),
      longest_seconds: expect.any(Number),
      credits: expect.any(Number),
      fee_credits: expect.any(Number),
      cost_usd: expect.any(Number),
      price_version: expect.any(String),
    });
    expect(Number.isSafeInteger(candidate.credits)).toBe(true);
  }
});

test('module and params are other names, and metadata may name the pool of keys', () => {
  const renamed = JobRequest().parse({ module: 'flux-dev', params: { prompt: 'a lighthouse' } });
  expect(renamed).toEqual(JobRequest().parse({ model: 'flux-dev', input: { prompt: 'a lighthouse' } }));
  const pooled = spec({ metadata: { provider_key: 'vision-nova' } });
  expect(pooled.routing).toEqual({ provider_key: 'vision-nova' });
  expect(pooled.metadata).toEqual({ provider_key: 'vision-nova' });
  expect(pooled.stages.final?.candidates.every(({ provider }) => provider === 'replicate')).toBe(true);
  expect(spec({ metadata: { provider_key: 'vision-nova' }, routing: { provider_key: 'fal' } }).routing).toEqual({
    provider_key: 'fal',
  });
});

test("a provider's name stands for all of its keys, and a single key is left to the database", () => {
  const named = spec({ routing: { provider_key: 'fal' } });
  expect(named.stages.final?.candidates.map(({ provider }) => provider)).toEqual(['fal']);
  expect(named.considered).toEqual([
    expect.objectContaining({ provider: 'replicate', outcome: 'left_out', reason: 'is not served by fal' }),
  ]);
  const pools = spec({ model: 'flux-2-pro', routing: { provider_key: 'fal' } }).stages.final?.candidates;
  expect(pools?.map(({ profiles }) => profiles)).toEqual([['vision-atlas', 'vision-flux', 'fal']]);
  const key = `key_${'0'.repeat(32)}`;
  const single = spec({ routing: { provider_key: key } });
  expect(single.routing).toEqual({ provider_key: key });
  expect(single.stages.final?.candidates.flatMap(({ profiles }) => profiles)).not.toContain(key);
});

test('a routing may name whom the catalogue knows, even if nobody of them can do this', () => {
  const order = ['anthropic', 'cinematic-pro', 'luma/reframe-video', 'fal-ai/flux/dev'];
  const ordered = spec({ routing: { order, ignore: ['openai'] } }).stages.final?.candidates;
  expect(ordered?.map(({ provider }) => provider)).toEqual(['fal', 'replicate']);
});

test('a provider id pins its route, a model id may fall back', () => {
  expect(spec({}).stages.final?.candidates.length).toBeGreaterThan(1);
  const pinned = spec({ model: 'fal-ai/flux/dev' });
  expect(pinned.model).toBe('flux-dev');
  expect(pinned.requested_model).toBe('fal-ai/flux/dev');
  expect(pinned.stages.final?.candidates.map(({ provider_model }) => provider_model)).toEqual(['fal-ai/flux/dev']);
  expect(pinned.considered.length).toBeGreaterThan(0);
});

test.each([
  [false, 'none', ['final']],
  [true, 'auto', ['preview', 'final']],
  ['hold', 'hold', ['preview', 'final']],
  ['only', 'only', ['preview']],
])('preview: %j', (preview, mode, stages) => {
  const built = spec({ preview });
  expect(built.preview).toBe(mode);
  expect(Object.keys(built.stages)).toEqual(stages);
});

test('a preview is cheaper than the final', () => {
  const { preview, final } = spec({ preview: true }).stages;
  expect(preview?.candidates[0]?.credits).toBeLessThan(final?.candidates[0]?.credits ?? 0);
});

test.each([
  [{}, 600, false],
  [{ model: 'minimax-video-01' }, 3_600, false],
  [{ deadline_seconds: 5 }, 5, true],
  [{ deadline_seconds: 86_400 }, 86_400, true],
])('deadline of %j', (request, deadline_seconds, deadline_set) => {
  expect(spec(request)).toMatchObject({ deadline_seconds, deadline_set });
});

describe('models that go', () => {
  test('retiring: a warning that names the day and the successor', () => {
    expect(spec({ model: 'gpt-image-1.5' }).warnings).toEqual([expect.stringContaining('2026-12-01')]);
  });

  test('retired: 410 with the successor', () => {
    const built = build({ model: 'gpt-image-1.5' }, Date.parse('2026-12-01T00:00:00Z'));
    expect(built).toMatchObject({ ok: false, refusal: { code: 'model_retired', successor: expect.anything() } });
  });
});

test('local origins: emulators for media, the inbox for webhooks, and not the other way round', () => {
  const edit = (image_url: string) => build({ model: 'flux-kontext-pro', input: { prompt: 'x', image_url } });
  expect(edit('http://127.0.0.1:9001/sample.png').ok).toBe(true);
  expect(edit('http://127.0.0.1:9002/sample.png').ok).toBe(false);
  expect(build({ webhook_url: 'http://127.0.0.1:9002/name' }).ok).toBe(true);
  expect(build({ webhook_url: 'http://127.0.0.1:9001/name' }).ok).toBe(false);
});

test('a text that only looks like an address is no address', () => {
  expect(build({ input: { prompt: 'http://127.0.0.1/ in neon letters' } }).ok).toBe(true);
});
