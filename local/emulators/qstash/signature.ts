import { createHash, createHmac, randomBytes } from 'node:crypto';

const LIFETIME_SECONDS = 300;

export type SigningKeys = { current: string; next: string };

/** The JWT of one delivery attempt (HS256); `url` is the destination exactly as it was published. */
export function signDelivery(url: string, body: Uint8Array, key: string, now: number): string {
  const iat = Math.floor(now / 1000);
  const claims = {
    iss: 'Upstash',
    sub: url,
    exp: iat + LIFETIME_SECONDS,
    nbf: iat,
    iat,
    jti: `jwt_${randomId()}`,
    body: bodyHash(body),
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

export const newSigningKey = () => `sig_${randomId()}`;

/** 28 characters of base 62, as the vendor's ids have. */
export function randomId(): string {
  return randomBytes(42).toString('base64').replace(/[+/]/g, '').slice(0, 28);
}

// The vendor pads this claim although base64url usually is not padded.
function bodyHash(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
