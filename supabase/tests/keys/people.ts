import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { type Account, type Answer, accept, candidate, type Json, request, rpc, sha256, spec } from '../fixtures.ts';

/** A signed-in person; the account is made at the first call. */
export type Person = Account & { user: string; email: string };
export type Organization = { id: string; account: string };

export const keys = (pool: Pool, name: string, args: unknown[], clock?: string): Promise<Answer> =>
  rpc(pool, 'keys', name, args, clock);

/** The value of a call that must not be refused. */
export async function must(answer: Promise<Answer>): Promise<Json> {
  const { ok, refusal } = await answer;
  if (refusal) throw new Error(`refused: ${JSON.stringify(refusal)}`);
  return ok;
}

export async function makePerson(pool: Pool, credits = 0): Promise<Person> {
  const user = randomUUID();
  const email = `${user.slice(0, 8)}@film.test`;
  const { rows } = await pool.query('select darkroom.user_account($1, $2) as id', [user, email]);
  const account = rows[0].id as string;
  if (credits > 0) await pool.query(`select darkroom.issue($1, $2, 'promo', 'test', null, 'test')`, [account, credits]);
  return { account, user, email, credential: { kind: 'jwt', user_id: user, email } };
}

/** An operator: a key with the scope `admin` and an account of its own. */
export async function makeOperator(pool: Pool): Promise<Account> {
  const hash = sha256(randomUUID());
  const { rows } = await pool.query(
    `insert into darkroom.api_keys (account_id, hash, prefix, scopes)
     values (darkroom.open_account('organization', 'Operators'), $1, 'dk_test', '{jobs,keys,billing,webhooks,admin}') returning account_id`,
    [hash],
  );
  return { account: rows[0].account_id, credential: { kind: 'api_key', hash } };
}

export async function makeOrganization(pool: Pool, owner: Person, name = 'Studio'): Promise<Organization> {
  const { id, account_id } = await must(keys(pool, 'create_organization', [owner.credential, { name }, {}]));
  return { id, account: account_id };
}

/** A person with an organisation that has credits, and a project of it: the levels of a resolution. */
export async function makeStudio(pool: Pool): Promise<{ who: Person; studio: Organization; project: string }> {
  const who = await makePerson(pool);
  const studio = await makeOrganization(pool, who);
  await pool.query(`select darkroom.issue($1, 1000000, 'promo', 'test', null, 'test')`, [studio.account]);
  return { who, studio, project: await makeProject(pool, who, studio) };
}

export async function join(
  pool: Pool,
  owner: Person,
  organization: Organization,
  person: Person,
  role: string,
): Promise<void> {
  const token_hash = sha256(randomUUID());
  await must(
    keys(pool, 'invite_member', [owner.credential, organization.id, { email: person.email, role, token_hash }, {}]),
  );
  await must(keys(pool, 'accept_invitation', [person.credential, token_hash, {}]));
}

export const makeProject = async (pool: Pool, who: Account, organization?: Organization): Promise<string> =>
  (await must(keys(pool, 'create_project', [who.credential, { name: 'Film', organization_id: organization?.id }, {}])))
    .id;

/** Looks like an envelope: the real ones are the Worker's business. */
export const sealed = (text: string = randomUUID()) => `dkv1.0a0b0c0d.${Buffer.from(text).toString('base64url')}.AAAA`;

/** Adds a key as the Worker does: asks for its id, seals, inserts. */
export async function addKey(pool: Pool, who: Account, provider: string, options: Json = {}): Promise<Json> {
  const { scope, scope_id, ...rest } = options;
  const place = { scope, scope_id };
  const { id } = await must(keys(pool, 'prepare_provider_key', [who.credential, { provider, ...place }]));
  const body = {
    id,
    provider,
    last4: 'abcd',
    fingerprint: randomUUID(),
    api_key: sealed(),
    ...place,
    ...rest,
  };
  return must(keys(pool, 'create_provider_key', [who.credential, body, {}]));
}

export async function makeApiKey(pool: Pool, who: Account, options: Json = {}): Promise<Account & { id: string }> {
  const hash = sha256(randomUUID());
  const body = { name: 'test', scopes: ['jobs'], prefix: 'dk_live_abcd', hash, ...options };
  const { id, account_id } = await must(keys(pool, 'create_api_key', [who.credential, body, {}]));
  return { id, account: account_id, credential: { kind: 'api_key', hash } };
}

/** Submits one job over these providers or candidates. */
export const submit = (pool: Pool, who: Account, providers: (string | Json)[], options: Json = {}): Promise<Answer> => {
  const { project_id, account_id, ...rest } = options;
  const candidates = providers.map((p) => (typeof p === 'string' ? candidate(p) : p));
  return accept(pool, who, request([spec(candidates, rest)], { project_id, account_id }));
};

export const codeOf = (answer: Answer) => answer.refusal?.code ?? 'ok';

/** A new secret in place of the old one, as the Worker `keys` puts it there; `body` over what it says by itself. */
export async function replaceKey(pool: Pool, { credential }: Account, id: string, body: Json = {}): Promise<Answer> {
  const { version } = await must(keys(pool, 'prepare_provider_key', [credential, { id }]));
  const made = { version, last4: 'wxyz', fingerprint: randomUUID(), api_key: sealed(), ...body };
  return keys(pool, 'replace_provider_key', [credential, id, made, {}]);
}

/** A key's versions: which are wiped, and whose ciphertext is there. */
export async function keyVersions(pool: Pool, id: string): Promise<Json[]> {
  const { rows } = await pool.query(
    `select v.version, v.wiped_at is not null as wiped, s.api_key is not null as there from darkroom.provider_key_versions v
     left join darkroom.sealed_keys s using (key_id, version) where key_id = $1 order by 1`,
    [id],
  );
  return rows;
}
