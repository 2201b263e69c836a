import { randomUUID } from 'node:crypto';
import type { Client, Json, Request } from '../client.ts';
import { falKey } from '../keys.ts';
import { made } from '../people.ts';

export type Ids = Record<string, string>;
export type Person = { user: string; acct: string; email: string; bearer: string };
/** Somebody, or an organisation, with one of everything there is. */
export type Household = {
  name: string;
  canary: string;
  persons: Person[];
  accounts: string[];
  ids: Ids;
  shown: string[];
};

const EVERYTHING = ['jobs', 'keys', 'billing', 'webhooks'];
const JOBS_EACH = 3;
const PRICE = 25;
/** With a key of the platform's, so that it is charged. */
export const PAID = { model: 'flux-dev', routing: { only: ['replicate'] } };

export async function signUp({ stack, api }: Client, name: string): Promise<Person> {
  const { supabase_url, anon_key } = stack();
  const email = `${name}-${randomUUID()}@film.test`;
  const response = await fetch(`${supabase_url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey: anon_key, 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: randomUUID() }),
  });
  const { user, access_token: bearer } = (await response.json()) as Json;
  const { account_id: acct } = await made(api('/v1/credits', { bearer }));
  return { user: user.id, acct, email, bearer };
}

/** A person, their organisation, and one of everything of their own. */
export async function settle(client: Client, name: string): Promise<Household> {
  const person = await signUp(client, name);
  const canary = `canary-${name}-${randomUUID().slice(0, 8)}`;
  const org = await made(client.api('/v1/organizations', { bearer: person.bearer, body: { name: canary } }));
  const household = {
    name,
    canary,
    persons: [person],
    accounts: [person.acct, org.account_id],
    ids: { acct: person.acct, user: person.user, org: org.id },
    shown: [],
  };
  await furnish(client, household, {});
  return household;
}

/** An organisation with somebody in each role. */
export async function found(client: Client): Promise<Household & { roles: Record<string, Person> }> {
  const names = ['owner', 'admin', 'member', 'billing'];
  const persons = await Promise.all(names.map((name) => signUp(client, name)));
  const roles = Object.fromEntries(names.map((name, at) => [name, persons[at] as Person]));
  const { owner } = roles as { owner: Person };
  const canary = `canary-studio-${randomUUID().slice(0, 8)}`;
  const org = await made(client.api('/v1/organizations', { bearer: owner.bearer, body: { name: canary } }));
  for (const role of names.slice(1)) await join(client, owner, org.id, roles[role] as Person, role);
  const accounts = [org.account_id, ...persons.map(({ acct }) => acct)];
  const ids = { acct: org.account_id, user: (roles.admin as Person).user, org: org.id };
  const studio = { name: 'studio', canary, persons, accounts, ids, shown: [], roles };
  await furnish(client, studio, { scope: 'organization', scope_id: org.id });
  return studio;
}

export async function join({ api }: Client, host: Person, org: string, guest: Person, role: string): Promise<void> {
  const body = { email: guest.email, role };
  const { token } = await made(api(`/v1/organizations/${org}/members`, { bearer: host.bearer, body }));
  await made(api('/v1/organizations/invitations/accept', { bearer: guest.bearer, body: { token } }));
}

async function furnish(client: Client, { ids, canary, persons, shown }: Household, scope: object): Promise<void> {
  const { bearer } = persons[0] as Person;
  const post = (path: string, body: object, more: Request = {}) => made(client.api(path, { bearer, body, ...more }));
  const organization_id = 'scope' in scope ? ids.org : undefined;
  const key = await post('/v1/api-keys', { name: canary, scopes: EVERYTHING, organization_id });
  const asKey = { bearer: undefined, key: key.key };
  const fal = falKey();
  const providerKey = await post('/v1/provider-keys', { provider: 'fal', api_key: fal, name: canary, ...scope });
  const token = await post('/v1/client-tokens', { user_ref: canary, scopes: ['jobs'], expires_in: 3600 }, asKey);
  Object.assign(ids, {
    ak: key.id,
    key: providerKey.id,
    ct: token.id,
    proj: (await post('/v1/projects', { name: canary, organization_id })).id,
    inv: (await post(`/v1/organizations/${ids.org}/invitations`, { email: `${canary}@film.test`, role: 'member' })).id,
  });
  const place = 'scope' in scope ? `organization/${ids.org}` : 'user/me';
  await post(`/v1/provider-settings/${place}/image`, { provider: 'fal', model: 'fal-ai/flux/dev' }, { method: 'PUT' });
  const secret = await made(client.api('/v1/webhooks/default/secret', asKey));
  shown.push(key.key, token.token, fal, secret.key);
  await runJobs(client, { ids, canary, asKey, token: token.token });
}

type Runs = { ids: Ids; canary: string; asKey: Request; token: string };

/** Jobs that ran, were delivered, and are full of the canary. The account's credits are spent to the last. */
async function runJobs(client: Client, { ids, canary, asKey, token }: Runs): Promise<void> {
  const { api, inbox, stack, untilEnded } = client;
  const grant = { account_id: ids.acct, credits: (JOBS_EACH + 1) * PRICE, kind: 'promo', reason: canary };
  const once = { 'idempotency-key': `grant-${canary}` };
  await made(api('/v1/credits/grants', { key: stack().admin_api_key, body: grant, headers: once }));
  const job = { ...PAID, input: { prompt: canary }, metadata: { canary }, webhook_url: inbox(canary).url };
  const more = { ...job, end_user: canary, project_id: ids.proj };
  ids.qt = (await made(api('/v1/quotes', { ...asKey, body: job }))).id;
  const batch = await made(api('/v1/batches', { ...asKey, body: { jobs: Array(JOBS_EACH).fill(more) } }));
  const own = await made(api('/v1/jobs', { bearer: token, body: job }));
  const jobs = await Promise.all([...batch.jobs, own].map(({ id }) => untilEnded(id, { key: asKey.key as string })));
  Object.assign(ids, { bat: batch.id, job: jobs[0].id, tokenJob: own.id });
  Object.assign(ids, { att: jobs[0].attempts[0].id, out: jobs[0].outputs[0]?.id });
  ids.evt = (await made(api('/v1/webhook-deliveries', asKey))).data[0].id;
}
