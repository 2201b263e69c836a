import type { Message } from './message.ts';
import { signDelivery } from './signature.ts';

/** What the destination answered; status 0: it could not be reached or did not answer in time. */
export type Answer = { status: number; headers: Headers; body: Uint8Array };

export type AttemptOptions = { key: string; now: number; timeoutMs: number; signal: AbortSignal };

const BODILESS = ['GET', 'HEAD'];

/** One delivery attempt, signed as it is sent. Never throws. */
export async function attempt(message: Message, { key, now, timeoutMs, signal }: AttemptOptions): Promise<Answer> {
  const body = BODILESS.includes(message.method) ? undefined : Buffer.from(message.body, 'base64');
  try {
    const response = await fetch(message.url, {
      method: message.method,
      headers: deliveryHeaders(message, signDelivery(message.url, body ?? new Uint8Array(), key, now)),
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(message.timeout ?? timeoutMs)]),
    });
    return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (error) {
    return { status: 0, headers: new Headers(), body: Buffer.from(describe(error)) };
  }
}

function deliveryHeaders(message: Message, signature: string): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.header)) for (const value of values) headers.append(name, value);
  headers.set('User-Agent', 'Upstash-QStash');
  headers.set('Upstash-Signature', signature);
  headers.set('Upstash-Message-Id', message.messageId);
  headers.set('Upstash-Retried', String(message.retried));
  headers.set('Upstash-Caller-Ip', message.callerIP);
  return headers;
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
