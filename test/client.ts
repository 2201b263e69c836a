import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { mintSecret, sha256Hex } from '../shared/auth/secrets.ts';
import type { StackValues } from './stack-values.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
export type Json = any;
export type Answer = { status: number; headers: Headers; body: Json };
/** `body`: a string goes out as it is, everything else as JSON. `bearer` stands in for the key. */
export type Request = {
  method?: string;
  key?: string | null;
  bearer?: string;
  body?: unknown;
  headers?: Record<string, string>;
};
export type Account = { account_id: string; api_key: string };
export type Delivered = { received_at: string; headers: Record<string, string>; body: string };
export type Client = ReturnType<typeof createClient>;

/** What a test does with a running stack, over HTTP as everybody else and in its database as its owner. */
export function createClient(stack: () => StackValues) {
  /** Calls the public API with the demo account's key (`key: null`: with none) and reads the answer's JSON, if it is any. */
  const api = (path: string, request: Request = {}) => call(stack(), path, request);
  const pool = createPool(() => stack().database_url);

  /** A new account with an API key; its credits are granted through the API by the operator. */
  async function makeAccount({ credits = 0, scopes = ['jobs', 'keys', 'billing', 'webhooks'] } = {}): Promise<Account> {
    const account = await openAccount(pool(), scopes);
    if (credits > 0) await grant(account.account_id, credits);
    return account;
  }

  async function grant(accountId: string, credits: number): Promise<void> {
    const body = { account_id: accountId, credits, kind: 'promo', reason: 'test' };
    const headers = { 'idempotency-key': `grant-${accountId}-${crypto.randomUUID()}` };
    const { status, body: answer } = await api('/v1/credits/grants', { key: stack().admin_api_key, body, headers });
    if (status >= 300) throw new Error(`The grant was refused: ${status} ${JSON.stringify(answer)}`);
  }

  /** The job once it has ended, or as soon as it is in the status. */
  async function untilEnded(id: string, { key, ms = 90_000, status }: Until = {}): Promise<Json> {
    let last: Json;
    const look = async () => {
      const answer = await api(`/v1/jobs/${id}`, { key });
      if (answer.status !== 200) throw new Error(`GET /v1/jobs/${id} answered ${answer.status}`);
      last = answer.body;
      return ENDED.includes(last.status) || last.status === status ? last : undefined;
    };
    return waitFor(look, ms).catch((error) => {
      throw new Error(`${id} was last seen ${last?.status}, waiting ${ms} ms`, { cause: error });
    });
  }

  /** Breaks a service of the stack on purpose (`fault: null` mends it), or moves the database's clock. */
  async function control(emulator: string, request: object): Promise<void> {
    const url = `${stack().emulators[emulator]}/__control`;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
    if (!response.ok) throw new Error(`${emulator} refused the fault: ${response.status} ${await response.text()}`);
  }

  /** A mailbox of the inbox: its URL for webhooks, what came, and how it should answer. */
  const inbox = (name: string = crypto.randomUUID()) => mailbox(`${stack().inbox}/${name}`);

  return { stack, api, pool, makeAccount, untilEnded, control, inbox };
}

type Until = { key?: string; ms?: number; status?: string };
const ENDED = ['completed', 'failed', 'canceled', 'expired'];

async function call(stack: StackValues, path: string, { method, key, bearer, body, headers }: Request) {
  const credential: Record<string, string> = key === null ? {} : { 'x-api-key': key ?? stack.api_key };
  const response = await fetch(stack.origin + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(bearer === undefined ? credential : { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: typeof body === 'string' || body instanceof Blob || body === undefined ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await read(response) } satisfies Answer;
}

async function read(response: Response): Promise<Json> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return isJson && text !== '' ? JSON.parse(text) : text;
}

function createPool(url: () => string): () => pg.Pool {
  let pool: pg.Pool | undefined;
  return function open() {
    pool ??= new pg.Pool({ connectionString: url(), max: 10, allowExitOnIdle: true })
      // The server may be gone before the pool is.
      .on('error', () => {});
    return pool;
  };
}

async function openAccount(pool: pg.Pool, scopes: string[]): Promise<Account> {
  const apiKey = mintSecret('api_key');
  const { rows } = await pool.query<{ account_id: string }>(
    `with opened as (select darkroom.open_account('user', 'test') as id)
     insert into darkroom.api_keys (account_id, hash, prefix, scopes) select id, $1, $2, $3 from opened returning account_id`,
    [await sha256Hex(apiKey), apiKey.slice(0, 12), scopes],
  );
  return { account_id: rows[0]?.account_id as string, api_key: apiKey };
}

const mailbox = (url: string) => ({
  url,
  messages: async () => (await fetch(url)).json() as Promise<Delivered[]>,
  answer: (how: { status: number; times?: number }) => fetch(url, { method: 'PUT', body: JSON.stringify(how) }),
});

/** Polls until the function answers something other than undefined, null or false; else fails with what it saw last. */
export async function waitFor<T>(look: () => Promise<T>, ms = 45_000): Promise<NonNullable<T>> {
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
