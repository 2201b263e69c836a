import { randomUUID } from 'node:crypto';
import type { Client, Json } from '../client.ts';
import { falKey } from '../keys.ts';
import { made } from '../people.ts';
import { type Household, join, PAID, type Person, signUp } from './households.ts';

type Households = { ada: Household; host: Household };

const JOB = { ...PAID, input: { prompt: 'to be used up' } };

/** Makes what a case may use up: a fresh one of its kind at each call, ada's own. */
export function spares(client: Client, { ada, host }: Households): (kind: string) => Promise<string> {
  const { bearer, email, acct } = ada.persons[0] as Person;
  const post = (path: string, body: Json, as = bearer) => made(client.api(path, { bearer: as, body }));
  const id = ({ id: made }: Json): string => made;

  async function paid(body: object): Promise<Json> {
    const grant = { account_id: acct, credits: 200, kind: 'promo', reason: 'a spare' };
    const headers = { 'idempotency-key': randomUUID() };
    await made(client.api('/v1/credits/grants', { key: client.stack().admin_api_key, body: grant, headers }));
    return post('/v1/jobs', body);
  }
  const ended = async (status?: string, more: object = {}) => {
    const { id: job } = await paid({ ...JOB, webhook_url: client.inbox('spare').url, ...more });
    const look = async () => (await made(client.api(`/v1/jobs/${job}`, { bearer }))) as Json;
    return until(look, ({ status: now }) => now === status || ['completed', 'failed'].includes(now));
  };

  const makers: Record<string, () => Promise<string>> = {
    proj: async () => id(await post('/v1/projects', { name: 'a spare' })),
    org: async () => id(await post('/v1/organizations', { name: 'a spare' })),
    ak: async () => id(await post('/v1/api-keys', { name: 'a spare', scopes: ['jobs'] })),
    key: async () => id(await post('/v1/provider-keys', { provider: 'fal', api_key: falKey(), name: 'a spare' })),
    ct: async () => id(await post('/v1/client-tokens', { user_ref: 'x', scopes: ['jobs'], expires_in: 60 })),
    inv: async () =>
      id(
        await post(`/v1/organizations/${ada.ids.org}/invitations`, {
          email: `${randomUUID()}@film.test`,
          role: 'member',
        }),
      ),
    async invitation() {
      const by = host.persons[0]?.bearer;
      const { id: org } = await post('/v1/organizations', { name: 'a host' }, by);
      return (await post(`/v1/organizations/${org}/invitations`, { email, role: 'member' }, by)).token;
    },
    async user() {
      const guest = await signUp(client, 'guest');
      await join(client, ada.persons[0] as Person, ada.ids.org as string, guest, 'member');
      return guest.user;
    },
    qt: async () => id(await post('/v1/quotes', JOB)),
    job: async () => id(await ended()),
    held: async () => id(await ended('preview_ready', { preview: 'hold' })),
    async evt() {
      const { id: job } = await ended();
      const path = `/v1/webhook-deliveries?job=${job}`;
      const look = async () => (await made(client.api(path, { bearer }))).data[0];
      return id(await until(look, (delivery) => delivery?.status === 'delivered'));
    },
  };
  return (kind) => makers[kind]?.() ?? Promise.reject(new Error(`There is no spare ${kind}`));
}

async function until(look: () => Promise<Json>, right: (seen: Json) => boolean): Promise<Json> {
  for (let tries = 0; tries < 200; tries++) {
    const seen = await look();
    if (right(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('It did not come about');
}
