import { describe, expect, test } from 'vitest';
import type { SettingRow, SettingsEvent } from '../../shared/db/key-service/settings.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { settingsStream } from './settings-stream.ts';
import { CREDENTIAL, fakeApp, fakeDeps, json } from './testing/fakes.ts';

const PATH = '/v1/provider-settings/user/me/image';
const row = { scope: 'user', scope_id: 'acct_1', operation: 'image', provider: 'fal', version: 7 } as SettingRow;
const value = { provider: 'fal', model: 'flux-dev' };
const place = (operation = 'image') => ({ scope: 'user', scope_id: 'me', operation });

describe('PUT', () => {
  const put = (headers: Record<string, string> = {}, body: unknown = value, path = PATH) => {
    const fakes = fakeApp({ putSetting: () => ok(row) });
    return { ...fakes, response: fakes.call(path, { method: 'PUT', body, headers }) };
  };

  test.each<[Record<string, string>, number | null]>([
    [{}, null],
    [{ 'if-match': '"7"' }, 7],
    [{ 'if-match': '"0"' }, 0],
    [{ 'if-match': '*' }, null],
    [{ 'if-none-match': '*' }, 0],
  ])('%j is meant for version %j; the answer has the next one as its ETag', async (headers, version) => {
    const { response, calls } = put(headers);
    expect([(await response).status, (await response).headers.get('etag')]).toEqual([200, '"7"']);
    expect(calls).toEqual([{ fn: 'putSetting', args: [CREDENTIAL, place(), value, version] }]);
  });

  test.each(['7', 'W/"7"', '"seven"', ''])('If-Match %j is none of ours: 412', async (match) => {
    const { response, calls } = put({ 'if-match': match });
    expect([(await response).status, calls]).toEqual([412, []]);
  });

  test('who comes too late is told what is there', async () => {
    const putSetting = () => refused('precondition_failed', { current: row });
    const response = await fakeApp({ putSetting }).call(PATH, {
      method: 'PUT',
      body: value,
      headers: { 'if-match': '"6"' },
    });
    expect([response.status, await json(response)]).toMatchObject([
      412,
      { code: 'precondition_failed', current: { version: 7 } },
    ]);
  });

  test('`llm` is chat', async () => {
    const { response, calls } = put({}, { provider: 'openrouter' }, '/v1/provider-settings/user/me/llm');
    expect((await response).status).toBe(200);
    expect(calls[0]?.args[1]).toEqual(place('chat'));
  });

  test.each([
    [{ provider: 'nobody' }, 'provider'],
    [{ provider: 'modal', endpoint_url: 'http://acme.example/' }, 'endpoint_url'],
    [{ provider: 'modal', endpoint_url: 'https://127.0.0.1/' }, 'endpoint_url'],
    [{ provider: 'modal', endpoint_url: 'https://user:pass@acme.example/' }, 'endpoint_url'],
    [{ provider: 'fal', colour: 'red' }, 'colour'],
  ])('%j names %s', async (body, path) => {
    const { response, calls } = put({}, body);
    expect([(await response).status, (await json(await response)).errors[0].path, calls]).toEqual([422, path, []]);
  });

  test('the emulators’ addresses are good ones, locally', async () => {
    expect((await put({}, { provider: 'fal', endpoint_url: 'http://127.0.0.1:9001' }).response).status).toBe(200);
  });

  test.each([
    '/v1/provider-settings/user/me/cooking',
    '/v1/provider-settings/planet/me/image',
    '/v1/provider-settings/user/you/image',
  ])('%s is not there', async (path) => {
    expect((await put({}, value, path).response).status).toBe(404);
  });
});

test('an import names what is wrong in which line', async () => {
  const settings = [
    { operation: 'image', provider: 'fal' },
    { operation: 'llm', provider: 'nobody' },
  ];
  const response = await fakeApp().call('/v1/provider-settings/import', { body: { settings } });
  expect((await json(response)).errors[0].path).toBe('settings[1].provider');
  const importSettings = () => ok({ imported: 1, already_imported: false, replayed: false });
  const good = await fakeApp({ importSettings }).call('/v1/provider-settings/import', {
    body: { settings: [settings[0]] },
  });
  expect(await json(good)).toEqual({ imported: 1, already_imported: false });
});

describe('effective', () => {
  const effective = {
    operation: 'image',
    provider: { value: 'fal', origin: 'user' },
    model: { value: 'flux-dev', origin: 'user' },
    endpoint_url: null,
    key: null,
    settings_url: '/v1/provider-settings/user/me/image',
    considered: [],
  };

  test('asks with what the catalogue has, first choices first', async () => {
    const { call, calls } = fakeApp({ effectiveSettings: () => ok(effective) });
    const response = await call('/v1/provider-settings/effective?operation=image&byok_only=true');
    expect(await json(response)).toEqual({
      ...effective,
      settings_url: `https://darkroom.test${effective.settings_url}`,
    });
    const [, operation, project, request, known] = calls[0]?.args ?? [];
    const routes = known as { provider: string }[];
    expect([operation, project, request]).toEqual(['image', null, { byok_only: true }]);
    expect(routes.length).toBeGreaterThan(5);
    expect(new Set(routes.map(({ provider }) => provider))).toEqual(new Set(['replicate', 'fal']));
  });

  test('a model is asked for with its own routes, a provider’s id with that one', async () => {
    const { call, calls } = fakeApp({ effectiveSettings: () => ok(effective) });
    await call('/v1/provider-settings/effective?operation=image&model=flux-dev');
    await call('/v1/provider-settings/effective?operation=image&model=fal-ai%2Fflux%2Fdev');
    const [first, second] = calls.map(({ args }) =>
      (args[4] as { provider_model: string }[]).map((known) => known.provider_model),
    );
    expect(first).toEqual(['black-forest-labs/flux-dev', 'fal-ai/flux/dev']);
    expect(second).toEqual(['fal-ai/flux/dev']);
  });

  test('the platform’s own models are the environment’s to know', async () => {
    const effectiveSettings = () => ok({ ...effective, provider: { value: 'modal', origin: 'project' } });
    const env = { MODAL_IMAGE_ENDPOINT: 'https://acme--image.modal.run' };
    const response = await fakeApp({ effectiveSettings }, { env }).call(
      '/v1/provider-settings/effective?operation=image',
    );
    expect((await json(response)).endpoint_url).toEqual({ value: env.MODAL_IMAGE_ENDPOINT, origin: 'environment' });
  });
});

describe('events', () => {
  const event = (id: number): SettingsEvent => ({
    id,
    type: 'setting.changed',
    data: { operation: 'image' },
    at: 'now',
  });

  /** The frames of a stream over these answers; the clock goes by its naps. */
  async function framesOf(looks: SettingsEvent[][], first: SettingsEvent[] = []) {
    let at = 0;
    let last = first.at(-1)?.id ?? 4;
    const settingsEvents = (_credential: unknown, after: number) => {
      const events = looks.shift();
      if (!events) return refused('unauthenticated');
      expect(after).toBe(last);
      last = events.at(-1)?.id ?? last;
      return ok({ events, last });
    };
    const { deps } = fakeDeps(
      { settingsEvents: settingsEvents as never },
      {
        now: () => at,
        async sleep(ms) {
          at += ms;
        },
      },
    );
    const options = {
      credential: CREDENTIAL as never,
      filter: {},
      first: { events: first, last },
      signal: new AbortController().signal,
    };
    return Array.fromAsync(settingsStream(deps, options));
  }

  test('say where they start, then what changes, each with its number; they end with the right to read', async () => {
    expect(await framesOf([[], [event(5), event(6)]])).toEqual([
      'id: 4\n: heartbeat\n\n',
      [5, 6].map((id) => `id: ${id}\nevent: setting.changed\ndata: {"operation":"image","at":"now"}\n\n`).join(''),
    ]);
  });

  test('what was missed comes first', async () => {
    expect((await framesOf([], [event(5)]))[0]).toContain('id: 5\nevent: setting.changed');
  });

  test('a heartbeat after 15 quiet seconds', async () => {
    const frames = await framesOf(Array.from({ length: 31 }, () => []));
    expect(frames).toEqual(['id: 4\n: heartbeat\n\n', ': heartbeat\n\n', ': heartbeat\n\n']);
  });

  test.each<[Record<string, string>, string, number | null]>([
    [{}, '', null],
    [{ 'last-event-id': '12' }, '', 12],
    [{}, '?last_event_id=12', 12],
    [{ 'last-event-id': 'x' }, '', null],
  ])('%j%s goes on after %j', async (headers, query, after) => {
    const { call, calls } = fakeApp({ settingsEvents: () => ok({ events: [], last: 4 }) });
    const response = await call(`/v1/provider-settings/events${query}`, { headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await response.body?.cancel();
    expect(calls[0]?.args.slice(1)).toEqual([after, {}, 100]);
  });
});
