import { sign } from '../../shared/signatures/standard-webhooks.ts';
import type { Case, Given } from './case.ts';

const ATTEMPT = 'att_00000000000070008000000000000000';
const ID = `cb_${ATTEMPT}_succeeded`;
const BODY = JSON.stringify({ attempt_id: ATTEMPT, event: 'succeeded', fence: 1 });

type Parts = { id: string; timestamp: string; signature: string; body: string };

/** A well signed callback about an attempt that there is not, changed: a signature that holds would be a 404. */
async function message({ stack }: Given, change: (parts: Parts) => Partial<Record<keyof Parts, string | null>>) {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = await sign({ id: ID, timestamp, body: BODY, secret: stack.callback.secret });
  const parts = { id: ID, timestamp: String(timestamp), signature, body: BODY };
  const { id, timestamp: at, signature: signed, body } = { ...parts, ...change(parts) };
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signed };
  const given = Object.entries(headers).filter((header): header is [string, string] => header[1] !== null);
  const { pathname: path } = new URL(stack.callback.url);
  return { path, method: 'POST', key: null, body: body ?? '', headers: Object.fromEntries(given) };
}

const CHANGES: Record<string, Parameters<typeof message>[1]> = {
  'without a timestamp': () => ({ timestamp: null }),
  'with two timestamps': ({ timestamp }) => ({ timestamp: `${timestamp}, ${timestamp}` }),
  'with junk after the timestamp': ({ timestamp }) => ({ timestamp: `${timestamp}junk` }),
  'with a fraction of a second': ({ timestamp }) => ({ timestamp: `${timestamp}.0` }),
  'with milliseconds': ({ timestamp }) => ({ timestamp: `${timestamp}000` }),
  'before the epoch': ({ timestamp }) => ({ timestamp: `-${timestamp}` }),
  'with a plus': ({ timestamp }) => ({ timestamp: `+${timestamp}` }),
  'in hexadecimal': ({ timestamp }) => ({ timestamp: `0x${Number(timestamp).toString(16)}` }),
  'without a signature': () => ({ signature: null }),
  'with an empty signature': () => ({ signature: '' }),
  'with an empty v1': () => ({ signature: 'v1,' }),
  'with half a signature': ({ signature }) => ({ signature: signature.slice(0, 20) }),
  'with an unpadded signature': ({ signature }) => ({ signature: signature.replace(/=+$/, '') }),
  'with a signature of another version': ({ signature }) => ({ signature: signature.replace('v1,', 'v9,') }),
  'with the hash alone': ({ signature }) => ({ signature: signature.slice(3) }),
  'with 1,000 signatures': ({ signature }) => ({ signature: Array(1000).fill(signature).join(' ') }),
  'without an id': () => ({ id: null }),
  'with a dot in its id': ({ id }) => ({ id: `${id}.1` }),
  'under another id': ({ id }) => ({ id: `${id}x` }),
  'with another body': () => ({ body: BODY.replace('1}', '2}') }),
  'with a blank more in its body': () => ({ body: `${BODY} ` }),
};

const signedWith = (secret: string) => async (given: Given) => {
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(secret || '\0'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const timestamp = String(Math.floor(Date.now() / 1000));
  const mac = await crypto.subtle.sign('HMAC', key, Buffer.from(`${ID}.${timestamp}.${BODY}`));
  return message(given, () => ({ timestamp, signature: `v1,${Buffer.from(mac).toString('base64')}` }));
};

const unauthenticated = { status: 401, code: 'unauthenticated' };

export const signatures: Case[] = [
  ...Object.entries(CHANGES).map(([name, change]) => ({
    ...unauthenticated,
    name: `a callback ${name}`,
    request: (given: Given) => message(given, change),
  })),
  { ...unauthenticated, name: 'a callback signed with nothing', request: signedWith('') },
  { ...unauthenticated, name: 'a callback signed with one byte', request: signedWith('x') },
  {
    name: 'a callback about no attempt, well signed',
    status: 404,
    code: 'not_found',
    request: (given) => message(given, () => ({})),
  },
  {
    name: 'a callback whose first signature is of an unknown version',
    status: 404,
    code: 'not_found',
    request: (given) => message(given, ({ signature }) => ({ signature: `v9,abc ${signature}` })),
  },
  ...['', 'x', 'key_1.1.AAAA', `key_${'0'.repeat(32)}.1.${'A'.repeat(43)}`, 'a'.repeat(2000)].flatMap((token) =>
    ['replicate', 'fal', 'nobody'].map((provider) => ({
      ...unauthenticated,
      name: `a webhook of ${provider} under the token ${token.slice(0, 20)}`,
      request: () => ({ path: `/hooks/${provider}/${ATTEMPT}/${token}?fence=1`, key: null, body: { status: 'OK' } }),
    })),
  ),
  ...['/internal/wake', '/internal/sweep', '/internal/keys/mirror', '/internal/callbacks/sweep'].map((path) => ({
    ...unauthenticated,
    name: `${path} with a customer’s key`,
    request: () => ({ path, body: {} }),
  })),
];
