import { describe, expect, test } from 'vitest';
import { falKey } from './keys.ts';
import { made, signUp } from './people.ts';
import { api, makeAccount, stack, untilEnded } from './stack.ts';

const IMAGE = '/v1/provider-settings/user/me/image';
const value = { provider: 'fal', model: 'flux-dev' };
type Who = { key: string };

const put = (who: Who, body: object, headers: Record<string, string> = {}, path = IMAGE) =>
  api(path, { ...who, method: 'PUT', body, headers });

async function newcomer(): Promise<Who> {
  return { key: (await makeAccount()).api_key };
}

describe('many tabs, one setting', () => {
  test('of those that saw the same version one wins; the others learn what is there', async () => {
    const who = await newcomer();
    const first = await Promise.all(Array.from({ length: 10 }, () => put(who, value, { 'if-match': '"0"' })));
    expect(first.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(412)]);
    const etag = first.find(({ status }) => status === 200)?.headers.get('etag') ?? '';
    const race = ['replicate', 'fal', 'google', 'openai'].map((provider) =>
      put(who, { provider }, { 'if-match': etag }),
    );
    const answers = await Promise.all(race);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const winner = answers.find(({ status }) => status === 200)?.body;
    for (const { body } of answers.filter(({ status }) => status === 412))
      expect(body).toMatchObject({
        code: 'precondition_failed',
        current: { provider: winner.provider, version: winner.version },
      });
    const there = await api(IMAGE, who);
    expect([there.body.provider, there.headers.get('etag')]).toEqual([winner.provider, `"${winner.version}"`]);
  });

  test('a change is heard in the second tab, and after a break nothing is missed', async () => {
    const who = await newcomer();
    const second = await openStream(who);
    const { body } = await put(who, value);
    const heard = await second.until('setting.changed');
    expect(heard.data).toMatchObject({ operation: 'image', provider: 'fal', version: body.version });
    await second.close();
    await put(who, { provider: 'replicate' });
    await made(api('/v1/provider-keys', { ...who, body: { provider: 'fal', api_key: falKey() } }));
    const back = await openStream(who, heard.id);
    expect((await back.until('setting.changed')).data.provider).toBe('replicate');
    expect((await back.until('provider_key.created')).data.provider).toBe('fal');
    await back.close();
  });

  test('a stranger hears nothing', async () => {
    const { key } = await newcomer();
    const other = await signUp();
    const account = (await api('/v1/credits', { bearer: other.bearer })).body.account_id;
    const path = `/v1/provider-settings/events?scope=user&scope_id=${account}`;
    expect((await api(path, { key })).status).toBe(404);
  });
});

test('what a browser kept is taken over once, and never over what is set', async () => {
  const who = await newcomer();
  await put(who, value);
  const settings = [
    { operation: 'image', provider: 'kie', model: 'seedream/4-5-text-to-image' },
    { operation: 'llm', provider: 'openrouter', model: 'anthropic/claude-sonnet-4' },
    { operation: 'music', provider: 'modal', endpoint_url: 'https://acme--music.modal.run' },
  ];
  const bring = () => api('/v1/provider-settings/import', { ...who, body: { settings } });
  expect((await bring()).body).toEqual({ imported: 2, already_imported: false });
  expect((await bring()).body).toEqual({ imported: 0, already_imported: true });
  const { data } = await made(api('/v1/provider-settings', who));
  expect(data.map(({ operation, provider }: Record<string, string>) => [operation, provider])).toEqual([
    ['chat', 'openrouter'],
    ['image', 'fal'],
    ['music', 'modal'],
  ]);
});

describe('what would be taken', () => {
  const effective = async (who: Who, query = '') =>
    made(api(`/v1/provider-settings/effective?operation=image${query}`, who));

  test('the environment’s, until a level says otherwise; each with its origin', async () => {
    const who = await newcomer();
    expect(await effective(who)).toMatchObject({
      provider: { origin: 'environment' },
      key: { origin: 'environment', last4: null },
    });
    const project = await made(api('/v1/projects', { ...who, body: { name: 'Film' } }));
    await put(who, value);
    expect(await effective(who)).toMatchObject({
      provider: { value: 'fal', origin: 'user' },
      model: { value: 'flux-dev', origin: 'user' },
    });
    const path = `/v1/provider-settings/project/${project.id}/image`;
    expect((await put(who, { provider: 'replicate' }, {}, path)).status).toBe(200);
    const inProject = await effective(who, `&project_id=${project.id}`);
    expect(inProject).toMatchObject({
      provider: { value: 'replicate', origin: 'project' },
      settings_url: `${stack().origin}${path}`,
    });
    expect(inProject.considered.map(({ origin, outcome }: Record<string, string>) => [origin, outcome])).toEqual([
      ['request', 'not_set'],
      ['project', 'chosen'],
      ['organization', 'not_set'],
      ['user', 'overridden'],
      ['environment', 'not_set'],
    ]);
    expect(await effective(who, `&project_id=${project.id}&provider=fal`)).toMatchObject({
      provider: { value: 'fal', origin: 'request' },
    });
    const kept = await made(api('/v1/provider-keys', { ...who, body: { provider: 'fal', api_key: falKey() } }));
    expect(await effective(who)).toMatchObject({ key: { id: kept.id, last4: kept.last4, origin: 'user' } });
  });

  test('is what a job takes', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    await put({ key }, { provider: 'fal' });
    const { body } = await api('/v1/jobs', { key, body: { model: 'flux-dev', input: { prompt: 'a lighthouse' } } });
    const job = await untilEnded(body.id, { key });
    expect(job).toMatchObject({ status: 'completed', attempts: [{ provider: 'fal', credential: 'environment' }] });
  });
});

describe('a custom endpoint', () => {
  const endpoint_url = () => stack().emulators.fal as string;
  const keep = (who: Who, api_key: string, more: object = {}) =>
    made(api('/v1/provider-keys', { ...who, body: { provider: 'fal', api_key, ...more } }));

  async function run(who: Who) {
    const prompt = `endpoint ${crypto.randomUUID()}`;
    const { id } = await made(api('/v1/jobs', { ...who, body: { model: 'flux-dev', input: { prompt } } }));
    const job = await untilEnded(id, who);
    const { data } = await made(fetchJson(`${endpoint_url()}/__requests?prompt=${encodeURIComponent(prompt)}`));
    return { job, data };
  }

  test('is where one’s own jobs go, with the key that was kept for it', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const own = falKey();
    await keep({ key }, own, { additional_config: { endpoint_url: endpoint_url() } });
    expect((await put({ key }, { provider: 'fal', endpoint_url: 'http://169.254.169.254/' })).status).toBe(422);
    expect((await put({ key }, { provider: 'fal', endpoint_url: endpoint_url() })).status).toBe(200);
    const { job, data } = await run({ key });
    expect(job).toMatchObject({
      status: 'completed',
      attempts: [{ provider: 'fal', credential: 'user' }],
      credits: { charged: 0 },
    });
    expect(data).toMatchObject([{ key_last4: own.slice(-4), webhook: null }]);
  });

  test('gets no key that was kept for another address, and none can be turned to it but with the key in hand', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const own = falKey();
    const kept = await keep({ key }, own);
    const path = `/v1/provider-keys/${kept.id}`;
    const config = { additional_config: { endpoint_url: stack().emulators.replicate } };
    const turned = await api(path, { key, method: 'PATCH', body: config });
    expect([turned.status, turned.body]).toMatchObject([409, { detail: expect.stringContaining('/replace') }]);
    await made(put({ key }, { provider: 'fal', endpoint_url: endpoint_url() }));
    const { job, data } = await run({ key });
    expect([job.status, data]).toEqual(['failed', []]);
    const moved = { api_key: own, additional_config: { endpoint_url: endpoint_url() } };
    expect(await made(api(`${path}/replace`, { key, body: moved }))).toMatchObject({ version: 2 });
    expect((await run({ key })).data).toMatchObject([{ key_last4: own.slice(-4) }]);
  });
});

const fetchJson = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, body: await response.json() };
};

type Heard = { id: string; event: string; data: Record<string, unknown> };

/** The stream of settings as a tab has it: `until` answers the next event of that name. */
async function openStream({ key }: Who, lastEventId?: string) {
  const leave = new AbortController();
  const response = await fetch(`${stack().origin}/v1/provider-settings/events`, {
    headers: { 'x-api-key': key, ...(lastEventId && { 'last-event-id': lastEventId }) },
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(20_000)]),
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() as ReadableStreamDefaultReader<string>;
  let text = '';
  async function until(event: string): Promise<Heard> {
    for (;;) {
      const end = text.indexOf('\n\n');
      const frame = end === -1 ? undefined : text.slice(0, end);
      if (frame === undefined) text += (await reader.read()).value ?? '';
      else {
        text = text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
        if (field('event') === event) return { id: field('id'), event, data: JSON.parse(field('data')) };
      }
    }
  }
  text += (await reader.read()).value ?? ''; // a greeting says that it listens
  return { until, close: async () => leave.abort() };
}
