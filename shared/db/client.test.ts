import { describe, expect, test } from 'vitest';
import { createDatabase } from './client.ts';

type Sent = { url: string; headers: Headers; body: unknown };

/** A database whose gateway gives these answers, one after the other; the last one stays. */
function database(...answers: (() => Response | Promise<Response>)[]) {
  const sent: Sent[] = [];
  const call = createDatabase({
    url: 'https://project.supabase.test',
    anonKey: 'anon',
    roleToken: 'role-token',
    timeoutMs: 100,
    fetch: async (input, init) => {
      sent.push({ url: String(input), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      return waiting(answer?.() ?? Response.json(null), init?.signal);
    },
  });
  return { call, sent };
}

function waiting(answer: Response | Promise<Response>, signal?: AbortSignal | null): Promise<Response> {
  const aborted = new Promise<never>((_resolve, reject) =>
    signal?.addEventListener('abort', () => reject(signal.reason)),
  );
  return Promise.race([answer, aborted]);
}

const raised =
  (code: string, status = 400) =>
  () =>
    Response.json({ code, message: 'm', details: null, hint: null }, { status });

test('calls the function of the schema under the role of the Worker', async () => {
  const { call, sent } = database(() => Response.json({ ok: { available: 3 } }));
  expect(await call('credits', { account_id: 'a' })).toEqual({ ok: true, value: { available: 3 } });
  expect(sent[0]?.url).toBe('https://project.supabase.test/rest/v1/rpc/credits');
  expect(sent[0]?.headers.get('content-profile')).toBe('api');
  expect(sent[0]?.headers.get('authorization')).toBe('Bearer role-token');
  expect(sent[0]?.headers.get('apikey')).toBe('anon');
  expect(sent[0]?.body).toEqual({ account_id: 'a' });
});

test('a refusal is a value with its extras', async () => {
  const refusal = { code: 'insufficient_credits', available: 1, required: 2 };
  const { call } = database(() => Response.json({ refusal }));
  expect(await call('accept')).toEqual({ ok: false, refusal });
});

test.each([[null], [{}], [{ refusal: { code: 'toString' } }], ['text']])(
  'an answer that is neither is our fault: %j',
  async (answer) => {
    const { call } = database(() => Response.json(answer));
    expect(await call('accept')).toMatchObject({ refusal: { code: 'internal_error' } });
  },
);

describe('repeats', () => {
  test.each(['40001', '40P01'])('%s once, because it was rolled back', async (code) => {
    const { call, sent } = database(raised(code), () => Response.json({ ok: 1 }));
    expect(await call('accept')).toEqual({ ok: true, value: 1 });
    expect(sent).toHaveLength(2);
  });

  test('not a second time', async () => {
    const { call, sent } = database(raised('40001'));
    expect(await call('accept')).toEqual({ ok: false, refusal: { code: 'unavailable', ambiguous: false } });
    expect(sent).toHaveLength(2);
  });
});

const ambiguous: [string, () => Response | Promise<Response>][] = [
  ['a thrown fetch', () => Promise.reject(new TypeError('fetch failed'))],
  ['no answer in time', () => new Promise<Response>(() => {})],
  ['a gateway timeout', () => new Response('<html>', { status: 504 })],
  ['a bad gateway', () => new Response('', { status: 502 })],
  ['a truncated answer', () => new Response('{"ok": {', { status: 200 })],
  ['a lost connection to the server', raised('08006', 503)],
  ['a server going down', raised('57P01', 503)],
  ['an unknown completion', raised('40003')],
];
const definite: [string, () => Response | Promise<Response>][] = [
  ['no connection to be had', raised('PGRST003', 504)],
  ['no schema yet', raised('PGRST002', 503)],
  ['a token that is not taken', raised('PGRST301', 401)],
  ['a statement timeout', raised('57014', 500)],
  ['too many connections', raised('53300', 503)],
  ['a gateway that is down', () => new Response('down', { status: 503 })],
];

describe.each([
  [true, ambiguous],
  [false, definite],
] as const)('unavailable, ambiguous: %s', (expected, faults) => {
  test.each(faults)('%s', async (_name, fault) => {
    const { call, sent } = database(fault);
    expect(await call('accept')).toEqual({ ok: false, refusal: { code: 'unavailable', ambiguous: expected } });
    expect(sent).toHaveLength(1);
  });
});

test.each(['23505', '42501', '42883', '22P02', 'P0001', 'DR001', 'PGRST202'])(
  '%s is a fault of ours, and not repeated',
  async (code) => {
    const { call, sent } = database(raised(code, 400));
    expect(await call('accept')).toEqual({ ok: false, refusal: { code: 'internal_error', sqlstate: code } });
    expect(sent).toHaveLength(1);
  },
);
