import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeSecret } from './secret.ts';
import { sign, signedHeaders, verify } from './standard-webhooks.ts';

const secret = encodeSecret(new Uint8Array(32).fill(7));
const other = encodeSecret(new Uint8Array(24).fill(9));
const timestamp = 1_800_000_000;
const now = timestamp * 1000;
const message = { id: 'cb_att_01_succeeded', timestamp, body: '{"a":1}', secret };

async function check(
  change: Record<string, string | string[] | undefined>,
  more: Partial<Parameters<typeof verify>[0]> = {},
) {
  const headers = { ...(await signedHeaders(message)), ...change };
  return verify({ headers, body: message.body, secrets: [secret], now, ...more });
}

function flip(bytes: Uint8Array, at: number) {
  const index = at % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (at % 8));
}

describe('sign', () => {
  test('is HMAC-SHA256 over id.timestamp.body', async () => {
    const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(`${message.id}.${timestamp}.{"a":1}`).digest('base64');
    expect(await sign(message)).toBe(`v1,${mac}`);
  });

  test('matches the example of the specification', async () => {
    const example = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    };
    expect(await sign(example)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test.each(['', 'whsec_', 'whsec_AA==', encodeSecret(new Uint8Array(23)), encodeSecret(new Uint8Array(65)), 'plain'])(
    'refuses %j as a secret without echoing it',
    async (bad) => {
      const error = await sign({ ...message, secret: bad }).catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      if (bad.length > 6) expect(String(error)).not.toContain(bad);
    },
  );

  test.each(['', 'a.b', 'a b', 'a,b', 'ä', 'a\nb', 'x'.repeat(257)])('refuses %j as an id', async (id) => {
    await expect(sign({ ...message, id })).rejects.toThrow(TypeError);
  });

  test.each([1.5, -1, Number.NaN, 1e12])('refuses %d as a timestamp', async (bad) => {
    await expect(sign({ ...message, timestamp: bad })).rejects.toThrow(TypeError);
  });
});

describe('verify', () => {
  test('accepts what sign made, from Headers and from a record, as string and as bytes', async () => {
    expect(await check({})).toEqual({ ok: true, id: message.id, timestamp });
    const headers = new Headers(await signedHeaders(message));
    const body = new TextEncoder().encode(message.body);
    expect(await verify({ headers, body, secrets: [secret], now })).toMatchObject({ ok: true });
  });

  test('tries each secret and each signature, for rotation', async () => {
    const first = await sign({ ...message, secret: other });
    const both = `${first} v1a,AAAA ${await sign(message)}`;
    expect(await check({ 'webhook-signature': both })).toMatchObject({ ok: true });
    expect(await check({}, { secrets: [other, secret] })).toMatchObject({ ok: true });
    expect(await check({}, { secrets: [other] })).toEqual({ ok: false, reason: 'signature' });
  });

  test.each([
    [0, true],
    [119, true],
    [120, true],
    [121, false],
    [-119, true],
    [-121, false],
  ])('a clock %d seconds off: %s', async (seconds, ok) => {
    expect((await check({}, { now: now + seconds * 1000 })).ok).toBe(ok);
  });

  test.each([
    '',
    '1800000000junk',
    '1.8e9',
    '1800000000.0',
    '-1',
    '+1800000000',
    '0x6b49d200',
    ' 1800000000',
    '1800000000000',
  ])('refuses the timestamp %j', async (bad) => {
    expect((await check({ 'webhook-timestamp': bad })).ok).toBe(false);
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'refuses a missing or repeated %s',
    async (name) => {
      expect(await check({ [name]: undefined })).toEqual({ ok: false, reason: 'headers' });
      expect((await check({ [name]: ['x', 'x'] })).ok).toBe(false);
      const twice = new Headers(await signedHeaders(message));
      twice.append(name, twice.get(name) ?? '');
      expect((await verify({ headers: twice, body: message.body, secrets: [secret], now })).ok).toBe(false);
    },
  );

  test('refuses malformed signature lists', async () => {
    const good = await sign(message);
    const value = good.slice(3);
    const lists = ['v1,', 'v1', ',', value, `v9,${value}`, `v1,${value.slice(0, 20)}`, `v1,${value.replace('=', '')}`];
    lists.push(`v1,${value} `, ` v1,${value}`, `v1,${value},x`, `v1,${value}\t`, Array(21).fill(good).join(' '));
    for (const list of lists) expect((await check({ 'webhook-signature': list })).ok, list).toBe(false);
    expect((await check({ 'webhook-signature': Array(20).fill(good).join(' ') })).ok).toBe(true);
  });

  test('refuses url-safe base64 of a valid signature', async () => {
    for (let n = 0; ; n++) {
      const signature = await sign({ ...message, id: `m${n}` });
      if (!/[+/]/.test(signature)) continue;
      const urlSafe = signature.replaceAll('+', '-').replaceAll('/', '_');
      const headers = { 'webhook-id': `m${n}`, 'webhook-timestamp': String(timestamp), 'webhook-signature': urlSafe };
      return expect((await verify({ headers, body: message.body, secrets: [secret], now })).ok).toBe(false);
    }
  });

  test.each([[[]], [['']], [['whsec_']], [[secret, '']]])('refuses the secrets %j', async (secrets) => {
    expect(await check({}, { secrets })).toEqual({ ok: false, reason: 'secret' });
  });

  test('what sign made always verifies; one flipped bit of body, id or signature never does', async () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(ids, fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), async (id, body, at) => {
        const headers = await signedHeaders({ id, timestamp, body, secret });
        expect((await verify({ headers, body, secrets: [secret], now })).ok).toBe(true);
        const bad = body.slice();
        flip(bad, at);
        expect((await verify({ headers, body: bad, secrets: [secret], now })).ok).toBe(false);
        const mac = Buffer.from(String(headers['webhook-signature']).slice(3), 'base64');
        flip(mac, at);
        const forged = { ...headers, 'webhook-signature': `v1,${mac.toString('base64')}` };
        expect((await verify({ headers: forged, body, secrets: [secret], now })).ok).toBe(false);
        const renamed = { ...headers, 'webhook-id': `${id}x` };
        expect((await verify({ headers: renamed, body, secrets: [secret], now })).ok).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
