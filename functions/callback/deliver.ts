import type { DeliveryResult, DueDelivery } from '../../shared/db/callback.ts';
import { retryAfter } from '../../shared/providers/classify.ts';
import { deriveWebhookSecret } from '../../shared/signatures/derive.ts';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { type GuardedResponse, guardedFetch, readStart } from '../../shared/urls/guarded-fetch.ts';
import type { CallbackDeps } from './deps.ts';
import { messageOf } from './message.ts';

type DeliverDeps = Pick<CallbackDeps, 'fetch' | 'now' | 'origin' | 'webhookMaster' | 'localOrigins'>;

/** Svix waits 15 s in its cloud; a partner that needs longer should answer first and work afterwards. */
const TIMEOUT_MS = 15_000;
/** How much of an answer is kept for the partner to look at; without NULs, which no database takes. */
const KEPT_BYTES = 20_000;

/**
 * One try of one message to a partner: the address checked anew, signed at this moment, nothing followed. Any 2xx is a delivery, 410
 * means that the partner wants no more, a redirect is a failure like any other. Never throws.
 */
export async function deliver(deps: DeliverDeps, delivery: DueDelivery): Promise<DeliveryResult> {
  const message = messageOf(delivery.body, deps.origin);
  if (!message) return { ms: 0, error: 'the job was deleted', gone: true };
  const body = JSON.stringify(message);
  const headers = await headersOf(deps, delivery, body);
  const startedAt = deps.now();
  const answer = await guardedFetch({
    url: delivery.url,
    purpose: 'webhook',
    fetch: deps.fetch,
    init: { method: 'POST', headers, body },
    localOrigins: deps.localOrigins,
    deniedHosts: [new URL(deps.origin).hostname],
    maxBytes: Number.MAX_SAFE_INTEGER, // a long answer is still an answer; only its start is read
    timeoutMs: TIMEOUT_MS,
  });
  const result = await resultOf(answer, startedAt);
  return { ...result, ms: deps.now() - startedAt, request: { headers } };
}

async function headersOf(
  { now, webhookMaster }: DeliverDeps,
  { id, account_id, secret_version }: DueDelivery,
  body: string,
) {
  const secret = await deriveWebhookSecret({ master: webhookMaster, accountId: account_id, version: secret_version });
  return {
    'content-type': 'application/json',
    'user-agent': 'Darkroom-Webhooks/1',
    ...(await signedHeaders({ id, timestamp: Math.floor(now() / 1000), body, secret })),
  };
}

async function resultOf(answer: GuardedResponse, now: number): Promise<Omit<DeliveryResult, 'ms'>> {
  if (!answer.ok) return { error: REASONS[answer.reason], ...('status' in answer && { http_status: answer.status }) };
  const { response } = answer;
  const { text, truncated } = await readStart(response, KEPT_BYTES);
  const { retryAfterSeconds } = retryAfter(response.headers, '', now);
  return {
    http_status: response.status,
    ...(!response.ok && { error: `answered ${response.status}` }),
    ...(!response.ok && retryAfterSeconds !== undefined && { retry_after_seconds: retryAfterSeconds }),
    ...(response.status === 410 && { gone: true }),
    response: { content_type: response.headers.get('content-type'), body: text.replaceAll('\0', '\uFFFD'), truncated },
  };
}

/** For the partner, who reads them in the list of deliveries. */
const REASONS: Record<Extract<GuardedResponse, { ok: false }>['reason'], string> = {
  form: 'the address is not a valid URL',
  length: 'the address is too long',
  scheme: 'the address must start with https://',
  userinfo: 'the address must not hold a user name or password',
  port: 'the address must not name a port',
  address: 'the address must be a name, not an IP address',
  private_name: 'the address names a private network',
  single_label: 'the address names a private network',
  denied: 'the address is one of ours',
  redirect: 'answered with a redirect, which is not followed',
  too_large: 'the answer was too large',
  timeout: `no answer within ${TIMEOUT_MS / 1000} seconds`,
  network: 'the endpoint could not be reached',
};
