import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { models } from '../shared/catalog/models.ts';
import type { Json } from './client.ts';
import { api, makeAccount, pool, stack, untilEnded } from './stack.ts';

/** The models of the first seed, by the provider's id that it gives. */
const SEED = [
  ...['google/imagen-4', 'black-forest-labs/flux-kontext-pro', 'ideogram-ai/ideogram-v3-turbo'],
  ...['black-forest-labs/flux-1.1-pro', 'black-forest-labs/flux-dev', 'fal-ai/flux-2-pro', 'fal-ai/nano-banana-pro'],
  ...['fal-ai/gpt-image-1.5', 'fal-ai/bytedance/seedream/v4/text-to-image', 'minimax/video-01', 'luma/reframe-video'],
  ...['topazlabs/video-upscale', 'fal-ai/kling-video/v2.5-turbo/pro/image-to-video'],
  ...['fal-ai/minimax/hailuo-02-fast/image-to-video', 'fal-ai/minimax/hailuo-02/standard/image-to-video'],
  'fal-ai/bytedance/seedance/v1/lite/text-to-video',
];

/** Which pool of keys serves it first. */
const POOLS: Record<string, RegExp> = {
  'vision-nova': /^(google|black-forest-labs|ideogram-ai)\//,
  'vision-atlas': /^fal-ai\/(flux-2-pro|nano-banana-pro|gpt-image|bytedance\/seedream)/,
  'cinematic-nova': /^(minimax|luma|topazlabs)\//,
  'cinematic-pro': /^fal-ai\/(kling|minimax|bytedance\/seedance)/,
};

let listed: Json[];
beforeAll(async () => {
  const { status, body } = await api('/v1/models');
  expect([status, body.object, body.next_cursor]).toEqual([200, 'list', null]);
  listed = body.data;
});

const modelOf = (providerModel: string) => {
  const found = listed.find(
    ({ aliases, routes }) => aliases.includes(providerModel) && routes[0].provider_model === providerModel,
  );
  if (found === undefined) throw new Error(`${providerModel} is rank 0 of no model`);
  return found;
};

/** As little as the model takes, or this route of it, from the emulators' samples. */
function leastInput({ id, input_schema: schema }: Json, name?: string): Record<string, unknown> {
  const sample = (ext: string) => `${stack().emulators.cloudinary}/sample.${ext}`;
  const values: Record<string, unknown> = {
    prompt: 'a harbour',
    image_url: sample('png'),
    video_url: sample('mp4'),
    upscale_factor: 2,
  };
  const route = models.find((model) => model.id === id)?.routes.find(({ model }) => model === name);
  const fields: string[] = [...(schema.required ?? []), ...(route?.requires ?? [])];
  return Object.fromEntries(fields.map((field) => [field, values[field]]));
}

describe.concurrent('every model of the first seed', () => {
  test.each(SEED)('%s runs to its end', async (providerModel) => {
    const model = modelOf(providerModel);
    const { api_key: key } = await makeAccount({ credits: 10_000 });
    const body = { model: providerModel, input: leastInput(model) };
    const { status, body: accepted } = await api('/v1/jobs', { key, body });
    if (model.status === 'retired') return expect([status, accepted.code]).toEqual([410, 'model_retired']);
    expect([status, accepted.requested_model]).toEqual([202, providerModel]);
    const job = await untilEnded(accepted.id, { key, ms: 150_000 });
    const [attempt] = job.attempts;
    const pool = Object.keys(POOLS).find((name) => POOLS[name]?.test(providerModel));
    expect(attempt).toMatchObject({ status: 'succeeded', provider_model: providerModel, credential: 'environment' });
    expect(attempt.provider_key).toBe(pool);
    expect([job.status, job.model, job.operation]).toEqual(['completed', model.id, model.operation]);
    expect(job.outputs.map(({ kind }: { kind: string }) => kind)).toEqual(model.outputs);
    expect(job.credits.charged).toBeGreaterThan(0);
    const [output] = job.outputs;
    const asset = await fetch(output.url);
    const bytes = (await asset.arrayBuffer()).byteLength;
    expect([asset.status, asset.headers.get('content-type'), bytes]).toEqual([200, output.content_type, output.bytes]);
    if (output.kind === 'video') expect(output.duration_seconds).toBeGreaterThan(0);
    expect([output.width, output.height]).toEqual([expect.any(Number), expect.any(Number)]);
  });
});

describe.concurrent('the catalogue', () => {
  test('lists them all, with what a client needs to build a form', async () => {
    expect(listed.map(({ id }) => id)).toEqual(models.map(({ id }) => id));
    expect(listed.length).toBeGreaterThanOrEqual(SEED.length);
    const ids = listed.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const model of listed) {
      expect(model).toMatchObject({ object: 'model', created: expect.any(Number), owned_by: expect.any(String) });
      expect(model.input_schema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(model.price).toMatchObject({ rule: { kind: expect.any(String) }, credits: expect.any(Number) });
      expect(model.routes.map(({ rank }: { rank: number }) => rank)).toEqual(
        model.routes.map((_: Json, n: number) => n),
      );
      for (const { provider_model } of model.routes) expect(ids).toContain(provider_model);
    }
  });

  test('comes by the page and by operation too', async () => {
    const first = (await api('/v1/models?limit=5')).body;
    const second = (await api(`/v1/models?limit=200&cursor=${first.next_cursor}`)).body;
    expect([...first.data, ...second.data]).toEqual(listed);
    const { body } = await api('/v1/models?operation=video');
    expect(body.data).toEqual(listed.filter(({ operation }) => operation === 'video'));
  });

  test('shows a model by each of its names', async () => {
    for (const name of ['flux-dev', 'black-forest-labs/flux-dev', 'fal-ai/flux/dev']) {
      const { status, body } = await api(`/v1/models/${encodeURIComponent(name)}`);
      expect([name, status, body.id]).toEqual([name, 200, 'flux-dev']);
    }
    expect((await api('/v1/models/flux-99')).status).toBe(404);
  });

  test('a provider’s id pins its route; a model’s own id starts at its first', async () => {
    const quotes = listed
      .filter(({ status }) => status !== 'retired')
      .flatMap((model) => [
        { name: model.id, model, route: model.routes[0] },
        ...model.routes.map((route: Json) => ({ name: route.provider_model, model, route })),
      ])
      .filter(({ name, model }) => [model.id, ...model.aliases].includes(name));
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const answers = quotes.map(async ({ name, model }) => {
      const { body } = await api('/v1/quotes', { key, body: { model: name, input: leastInput(model, name) } });
      return [name, body.provider, body.model, name !== model.id && body.alternatives.length > 0];
    });
    const expected = quotes.map(({ name, route }) => [name, route.provider, route.provider_model, false]);
    expect(await Promise.all(answers)).toEqual(expected);
  });

  test('providers say what they serve and how they did', async () => {
    const { body } = await api('/v1/providers');
    expect(body.stats.total).toBe(body.data.length);
    const fal = body.data.find(({ id }: { id: string }) => id === 'fal');
    expect(fal).toMatchObject({ available: true, env: 'FAL_KEY', circuit: 'closed', name: expect.any(String) });
    expect(fal.models).toContain('flux-2-pro');
    expect(fal.uses).toBeGreaterThanOrEqual(fal.successes);
    expect(body.stats.available).toBe(body.data.filter(({ available }: { available: boolean }) => available).length);
  });
});

describe.concurrent('pools of keys', () => {
  const body = (more: object) => ({ model: 'flux-2-pro', input: { prompt: 'a kite' }, ...more });
  const run = async (more: object) => {
    const { api_key: key } = await makeAccount({ credits: 1000 });
    return untilEnded((await api('/v1/jobs', { key, body: body(more) })).body.id, { key });
  };

  test.each([
    [{}, 'vision-atlas'],
    [{ routing: { provider_key: 'vision-flux' } }, 'vision-flux'],
    [{ metadata: { provider_key: 'vision-flux' } }, 'vision-flux'],
    [{ metadata: { provider_key: 'vision-atlas' } }, 'vision-atlas'],
    [{ routing: { provider_key: 'vision-atlas' }, metadata: { provider_key: 'vision-flux' } }, 'vision-atlas'],
  ])('%j is served by %s', async (more, pool) => {
    const job = await run(more);
    expect([job.status, job.attempts[0].provider_key]).toEqual(['completed', pool]);
  });

  test('count uses of a key after successes only, and prefer the key of higher priority', async () => {
    const id = `key_${randomUUID().replaceAll('-', '')}`;
    await pool().query(
      `insert into darkroom.provider_api_keys (id, provider_name, provider_key, owner_kind, owner_id, source, env_name, last4, fingerprint, priority)
       select $1, provider_name, 'cinematic-x', owner_kind, owner_id, source, env_name, last4, fingerprint, 9
         from darkroom.provider_api_keys where env_name = 'FAL_KEY' and provider_key is null and deleted_at is null`,
      [id],
    );
    const video = (prompt: string) => ({
      model: 'seedance-v1-lite-t2v',
      input: { prompt, duration_seconds: 2, resolution: '480p' },
      routing: { provider_key: 'cinematic-x', allow_fallbacks: false },
    });
    const counts = async () => {
      const { rows } = await pool().query(
        'select array[picks, usage_count, failure_count]::int[] as counts from darkroom.provider_api_keys where id = $1',
        [id],
      );
      return rows[0].counts as [picks: number, uses: number, failures: number];
    };
    const [picks] = await counts();
    expect((await run(video('a wave'))).status).toBe('completed');
    expect(await counts()).toEqual([picks + 1, 1, 0]);
    expect((await run(video('a wave #fail'))).status).toBe('failed');
    expect(await counts()).toEqual([picks + 2, 1, 1]);
    await pool().query('update darkroom.provider_api_keys set deleted_at = now() where id = $1', [id]);
  });

  test('inputs may be data URIs: a picture comes back from one', async () => {
    const sample = await (await fetch(`${stack().emulators.cloudinary}/sample.png`)).arrayBuffer();
    const image_url = `data:image/png;base64,${Buffer.from(sample).toString('base64')}`;
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const { body: accepted } = await api('/v1/jobs', {
      key,
      body: { model: 'flux-kontext-pro', input: { prompt: 'at night', image_url } },
    });
    expect(await untilEnded(accepted.id, { key })).toMatchObject({ status: 'completed', outputs: [{ kind: 'image' }] });
  });
});
