import { generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { mintSecret, sha256Hex } from '../../shared/auth/secrets.ts';
import type { Client, Json } from '../client.ts';
import { made } from '../people.ts';
import type { Household, Ids, Person } from './households.ts';

export type Caller = {
  name: string;
  headers: Record<string, string>;
  /** What it may do; null if nobody should let it in at all. */
  scopes: string[] | null;
  /** What `own` means for it. */
  ids: Ids;
  /** Households whose data it may be shown. */
  sees: string[];
  /** A role in an organisation: what it may not do there it may do at home. */
  role?: true;
  /** What it must not be shown although it sees the household. */
  blind?: RegExp;
};

type Cast = { ada: Household; studio: Household & { roles: Record<string, Person> }; signingKey: SigningKey };
export type SigningKey = JsonWebKey & { kid: string };

const ALL = ['jobs', 'keys', 'billing', 'webhooks'];
/** Of the account's other users. */
const OTHERS = /^(job|att|out|bat|evt|key|ak|proj|inv)_|^canary-ada/;
const ROLES: Record<string, string[]> = { owner: ALL, admin: ALL, member: ['jobs'], billing: ['billing'] };

export async function callersOf(client: Client, { ada, studio, signingKey }: Cast): Promise<Caller[]> {
  const person = ada.persons[0] as Person;
  const at = (name: string, headers: Record<string, string>, scopes: string[] | null): Caller => {
    return { name, headers, scopes, ids: ada.ids, sees: scopes ? ['ada', 'host'] : [] };
  };
  const newKey = (scopes: string[]) =>
    made(client.api('/v1/api-keys', { bearer: person.bearer, body: { name: 'caller', scopes } }));
  const scoped = [ALL, ...ALL.map((scope) => [scope])].map(async (scopes) => {
    const { key } = await newKey(scopes);
    return at(scopes.length > 1 ? 'a key for all' : `a key for ${scopes}`, { 'x-api-key': key }, scopes);
  });
  const users = Object.entries(studio.roles).map(([role, { bearer }]): Caller => {
    const scopes = ROLES[role] as string[];
    return { ...at(`${role} of a studio`, bearing(bearer), scopes), ids: studio.ids, sees: ['studio'], role: true };
  });
  return [
    ...(await Promise.all(scoped)),
    at('a user', bearing(person.bearer), ALL),
    await clientToken(client, ada),
    { ...at('an operator', { 'x-api-key': client.stack().admin_api_key }, [...ALL, 'admin']), sees: ['*'] },
    ...users,
    ...(await outsiders(client, person, signingKey)).map(([name, headers]) => at(name, headers, null)),
  ];
}

export const bearing = (token: string) => ({ authorization: `Bearer ${token}` });

/** It sees its own user's jobs; those of the account's others are as foreign as a stranger's. */
async function clientToken({ api }: Client, ada: Household): Promise<Caller> {
  const body = { user_ref: 'zoe', scopes: ['jobs'], expires_in: 3600 };
  const bearer = (ada.persons[0] as Person).bearer;
  const { token } = await made(api('/v1/client-tokens', { bearer, body }));
  return {
    name: 'a client token',
    headers: bearing(token),
    scopes: ['jobs'],
    ids: ada.ids,
    sees: ['ada'],
    blind: OTHERS,
  };
}

/** Credentials that open nothing. */
async function outsiders(
  client: Client,
  { bearer, acct }: Person,
  signingKey: SigningKey,
): Promise<[string, Record<string, string>][]> {
  const claims = JSON.parse(Buffer.from(bearer.split('.')[1] as string, 'base64url').toString()) as JWTPayload;
  const { privateKey } = await generateKeyPair('ES256');
  const header = { alg: 'ES256', kid: signingKey.kid };
  const sign = (change: Json, key: Json = { ...signingKey, key_ops: ['sign'] }) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader(header).sign(key);
  const unsigned = [{ alg: 'none', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const retired = (change: string) => retiredKey(client, acct, change).then((key) => ({ 'x-api-key': key }));
  return [
    ['nobody', {}],
    ['rubbish', { 'x-api-key': "' or 1=1 --" }],
    ['a key that was never made', { 'x-api-key': mintSecret('api_key') }],
    ['a revoked key', await retired('revoked_at')],
    ['an expired key', await retired('expires_at')],
    ['a token of yesterday', bearing(await sign({ exp: Math.floor(Date.now() / 1000) - 86_400 }))],
    ['a token of another issuer', bearing(await sign({ iss: 'https://elsewhere.test/auth/v1' }))],
    ['a token of another key', bearing(await sign({}, privateKey))],
    ['a token of alg none', bearing(`${unsigned.join('.')}.`)],
    ['the anon key', bearing(client.stack().anon_key)],
    ['two credentials', { 'x-api-key': mintSecret('api_key'), ...bearing(bearer) }],
  ];
}

/** A key of the account that was good until an hour ago. */
async function retiredKey({ pool }: Client, account: string, column: string): Promise<string> {
  const key = mintSecret('api_key');
  await pool().query(
    `insert into darkroom.api_keys (account_id, hash, prefix, name, scopes, ${column}) values ($1, $2, $3, 'retired', $4, darkroom.now() - interval '1 hour')`,
    [account, await sha256Hex(key), key.slice(0, 12), ALL],
  );
  return key;
}
