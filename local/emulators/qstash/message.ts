import { createHash } from 'node:crypto';
import { type Draft, draftError } from './draft.ts';
import { parseDuration } from './durations.ts';
import { randomId } from './signature.ts';

/** A message until it is delivered, canceled or dead. Times are Unix milliseconds, `body` is base64. */
export type Message = {
  messageId: string;
  url: string;
  method: string;
  /** What the destination gets: the content type and every `Upstash-Forward-*` header, prefix removed. */
  header: Record<string, string[]>;
  body: string;
  maxRetries: number;
  retryDelay?: string;
  timeout?: number;
  createdAt: number;
  notBefore: number;
  callback?: string;
  callbackHeader?: Record<string, string>;
  failureCallback?: string;
  failureCallbackHeader?: Record<string, string>;
  queueName?: string;
  label?: string;
  flowControlKey?: string;
  flowControlValue?: string;
  callerIP: string;
  retried: number;
  /** When the next attempt is due. */
  dueAt: number;
};

export type Parsed = { message: Message; deduplicationId?: string } | { error: string };

const DEFAULT_RETRIES = 3;

/** Reads a publish request: its destination, body and headers (names in lower case). */
export function parseDraft(draft: Draft, now: number): Parsed {
  const { headers } = draft;
  const error = draftError(draft);
  if (error !== undefined) return { error };
  const notBefore = startTime(headers, now);
  const message: Message = {
    messageId: `msg_${randomId()}`,
    url: draft.destination,
    method: headers['upstash-method']?.toUpperCase() ?? 'POST',
    header: forwarded(headers),
    body: Buffer.from(draft.body).toString('base64'),
    maxRetries: Number(headers['upstash-retries'] ?? DEFAULT_RETRIES),
    retryDelay: headers['upstash-retry-delay'],
    timeout: headers['upstash-timeout'] === undefined ? undefined : parseDuration(headers['upstash-timeout']),
    createdAt: now,
    notBefore,
    callback: headers['upstash-callback'],
    callbackHeader: configuration(headers, 'upstash-callback-'),
    failureCallback: headers['upstash-failure-callback'],
    failureCallbackHeader: configuration(headers, 'upstash-failure-callback-'),
    queueName: draft.queue,
    label: headers['upstash-label'],
    flowControlKey: headers['upstash-flow-control-key'],
    flowControlValue: headers['upstash-flow-control-value'],
    callerIP: '127.0.0.1',
    retried: 0,
    dueAt: notBefore,
  };
  return { message, deduplicationId: deduplicationId(draft, message) };
}

function startTime(headers: Record<string, string>, now: number): number {
  const notBefore = headers['upstash-not-before'];
  if (notBefore !== undefined) return Number(notBefore) * 1000;
  return now + (parseDuration(headers['upstash-delay'] ?? '0s') ?? 0);
}

function forwarded(headers: Record<string, string>): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'content-type') result['Content-Type'] = [value];
    else if (name.startsWith('upstash-forward-')) result[canonical(name.slice('upstash-forward-'.length))] = [value];
  }
  return result;
}

const canonical = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

// `Upstash-Callback-Retries: 1` is the callback's own `Upstash-Retries: 1`.
function configuration(headers: Record<string, string>, prefix: string): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [`upstash-${name.slice(prefix.length)}`, value]));
}

function deduplicationId({ headers, body }: Draft, { url, header }: Message): string | undefined {
  const id = headers['upstash-deduplication-id'];
  if (id !== undefined) return `id:${id}`;
  if (headers['upstash-content-based-deduplication'] !== 'true') return undefined;
  const content = createHash('sha256')
    .update(JSON.stringify([url, header]))
    .update(body);
  return `content:${content.digest('hex')}`;
}
