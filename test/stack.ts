import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { mintSecret, sha256Hex } from '../shared/auth/secrets.ts';
import type { StackValues } from './stack-values.ts';

export { freshDatabase } from './fresh-database.ts';

/** Where the running stack is, and with what to open it. */
export const stack = (): StackValues => inject('stack');

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
type Json = any;
export type Answer = { status: number; headers: Headers; body: Json };
type Request = { method?: string; key?: string | null; body?: unknown; headers?: Record<string, string> };

/** Calls the public API with the demo account's key (`key: null`: with none) and reads the answer's JSON, if it is any. */
export async function api(path: string, { method, key, body, headers }: Request = {}): Promise<Answer> {
  const credential: Record<string, string> = key === null ? {} : { 'x-api-key': key ?? stack().api_key };
  const response = await fetch(stack().origin + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...credential, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}

let owner: pg.Pool | undefined;

/** The stack's database as its owner. */
export function pool(): pg.Pool {
  if (owner !== undefined) return owner;
  owner = new pg.Pool({ connectionString: inject('database').owner_url, max: 10, allowExitOnIdle: true });
  // The server may be gone before the pool is.
  return owner.on('error', () => {});
}

/** A new account with an API key; its credits are granted through the API by the operator. */
export async function makeAccount({ credits = 0, scopes = ['jobs', 'keys', 'billing', 'webhooks'] } = {}) {
  const apiKey = mintSecret('api_key');
  const { rows } = await pool().query<{ account_id: string }>(
    `with opened as (select darkroom.open_account('user', 'test') as id)
     insert into darkroom.api_keys (account_id, hash, prefix, scopes) select id, $1, $2, $3 from opened returning account_id`,
    [await sha256Hex(apiKey), apiKey.slice(0, 12), scopes],
  );
  const accountId = rows[0]?.account_id as string;
  if (credits > 0) await grant(accountId, credits);
  return { account_id: accountId, api_key: apiKey };
}

async function grant(accountId: string, credits: number): Promise<void> {
  const body = { account_id: accountId, credits, kind: 'promo', reason: 'test' };
  const headers = { 'idempotency-key': `grant-${accountId}-${crypto.randomUUID()}` };
  const { status, body: answer } = await api('/v1/credits/grants', { key: stack().admin_api_key, body, headers });
  if (status >= 300) throw new Error(`The grant was refused: ${status} ${JSON.stringify(answer)}`);
}

export type Delivered = { received_at: string; headers: Record<string, string>; body: string };

/** A mailbox of the inbox: its URL for webhooks, what came, and how it should answer. */
export function inbox(name: string = crypto.randomUUID()) {
  const url = `${stack().inbox}/${name}`;
  return {
    url,
    messages: async (): Promise<Delivered[]> => (await fetch(url)).json() as Promise<Delivered[]>,
    answer: (how: { status: number; times?: number }) => fetch(url, { method: 'PUT', body: JSON.stringify(how) }),
  };
}

/** Polls until the function answers something other than undefined, null or false; else fails with what it saw last. */
export async function waitFor<T>(look: () => Promise<T>, ms = 10_000): Promise<NonNullable<T>> {
  const until = Date.now() + ms;
  let pause = 25;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen as NonNullable<T>;
    if (Date.now() > until) throw new Error(`Waited ${ms} ms in vain; last seen: ${JSON.stringify(seen)}`);
    await sleep(pause);
    pause = Math.min(500, pause * 1.3);
  }
}

const ENDED = ['completed', 'failed', 'canceled', 'expired'];

/** The job once it has ended. */
export async function untilEnded(
  jobId: string,
  { key, ms = 20_000 }: { key?: string; ms?: number } = {},
): Promise<Json> {
  let last: Json;
  const look = async () => {
    const { status, body } = await api(`/v1/jobs/${jobId}`, { key });
    if (status !== 200) throw new Error(`GET /v1/jobs/${jobId} answered ${status}`);
    last = body;
    return ENDED.includes(body.status) ? body : undefined;
  };
  return waitFor(look, ms).catch((error) => {
    throw new Error(`${jobId} was last seen ${last?.status}, waiting ${ms} ms`, { cause: error });
  });
}

/** Breaks a service of the stack on purpose (`fault: null` mends it), or moves the database's clock. */
export async function control(emulator: string, request: object): Promise<void> {
  const url = `${stack().emulators[emulator]}/__control`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
  if (!response.ok) throw new Error(`${emulator} refused the fault: ${response.status} ${await response.text()}`);
}
