import { beforeAll, describe, expect, test } from 'vitest';
import type { Json, Request } from './client.ts';
import { falKey } from './keys.ts';
import { foundStudio, made, type Person, signUp } from './people.ts';
import { api, inbox, makeAccount, untilEnded, waitFor } from './stack.ts';

/** What is asked for twice under one Idempotency-Key is done once, and another request under it is refused. */
const once = (request: Request, key: string): Request => ({ ...request, headers: { 'idempotency-key': key } });
const replayed = (headers: Headers) => headers.get('idempotency-replayed');

/** Asks twice with `first` and once with `other`: what the second said, after it was found to be a replay. */
async function twice(path: string, who: Request, first: object, other: object): Promise<Json> {
  const key = crypto.randomUUID();
  const ask = (body: object) => api(path, once({ ...who, method: 'POST', body }, key));
  const [one, two] = [await ask(first), await ask(first)];
  expect([one.status, replayed(one.headers)]).toEqual([two.status, null]);
  expect([two.status < 300, replayed(two.headers)]).toEqual([true, 'true']);
  const another = await ask(other);
  expect([another.status, another.body.code]).toEqual([422, 'idempotency_mismatch']);
  return two.body;
}

describe('a provider key', () => {
  let key: string;
  let id: string;
  let secret: string;
  beforeAll(async () => {
    key = (await makeAccount()).api_key;
    secret = falKey();
    const body = { provider: 'fal', api_key: secret };
    id = (await made(api('/v1/provider-keys', { key, body }))).id;
  });

  test('is replaced once; a late repetition does not bring the old secret back', async () => {
    const path = `/v1/provider-keys/${id}/replace`;
    const early = once({ key, body: { api_key: secret } }, 'early');
    expect((await api(path, early)).body.version).toBe(2);
    const replaced = await twice(path, { key }, { api_key: falKey() }, { api_key: falKey() });
    expect(replaced.version).toBe(3);
    const late = await api(path, early);
    expect([late.status, replayed(late.headers), late.body]).toMatchObject([200, 'true', { version: 3 }]);
    expect(late.body.last4).toBe(replaced.last4);
  });

  test('is put in its place once', async () => {
    const second = await made(api('/v1/provider-keys', { key, body: { provider: 'fal', api_key: falKey() } }));
    const order = { ids: [second.id, id] };
    const { data } = await twice('/v1/provider-keys/reorder', { key }, order, { ids: [id, second.id] });
    expect(data.map((one: Json) => one.id)).toEqual(order.ids);
  });
});

test('settings are taken over once', async () => {
  const { api_key: key } = await makeAccount();
  const settings = (provider: string) => ({ settings: [{ operation: 'image', provider }] });
  const body = await twice('/v1/provider-settings/import', { key }, settings('fal'), settings('replicate'));
  expect(body).toEqual({ imported: 0, already_imported: true });
});

test('an invitation is accepted once', async () => {
  const [owner, member]: Person[] = await Promise.all([signUp('owner'), signUp('member')]);
  if (!owner || !member) throw new Error('Nobody signed up.');
  const studio = await foundStudio(owner, await signUp('first'));
  const invited = { bearer: owner.bearer, body: { email: member.email, role: 'member' } };
  const { token } = await made(api(`/v1/organizations/${studio.id}/members`, invited));
  const accept = '/v1/organizations/invitations/accept';
  const { id } = await twice(accept, { bearer: member.bearer }, { token }, { token: 'another' });
  expect(id).toBe(studio.id);
});

test('a message is sent again once', async () => {
  const { api_key: key } = await makeAccount({ credits: 1_000 });
  const box = inbox();
  const job = { model: 'flux-dev', input: { prompt: 'a lighthouse' }, webhook_url: box.url };
  await untilEnded((await made(api('/v1/jobs', { key, body: job }))).id, { key });
  await waitFor(async () => (await box.messages()).length === 1);
  const { data } = await made(api('/v1/webhook-deliveries', { key }));
  const replay = once({ key, method: 'POST' }, 'again');
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await api(`/v1/webhook-deliveries/${data[0].id}/replay`, replay));
  expect(answers.map(({ status, headers }) => [status, replayed(headers)])).toEqual([
    [202, null],
    [202, 'true'],
    [202, 'true'],
  ]);
  await waitFor(async () => (await made(api(`/v1/webhook-deliveries/${data[0].id}`, { key }))).status === 'delivered');
  expect(await box.messages()).toHaveLength(2);
});
