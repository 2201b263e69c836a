import type { FalClient } from '@fal-ai/client';
import { once } from '../async/once.ts';
import { matching } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { classifySubmission, parseJson, type ReadError, retryAfter } from './classify.ts';
import { verifyFalHook } from './fal-hook.ts';
import { FAL_OUTPUT_HOSTS, isOutOfCredit, readFalError, readFalFailure, readFalResult } from './fal-results.ts';
import { type Answer, recordFetch } from './recorded-fetch.ts';
import type {
  KeyCheck,
  Provider,
  ProviderModule,
  ProviderOptions,
  ProviderState,
  Started,
  StartRequest,
  Verdict,
} from './types.ts';

/** The SDK knows no other host. */
const SDK_ORIGIN = 'https://queue.fal.run';
const TIMEOUT_MS = 20_000;
/** About the poll and not the work: the key was changed meanwhile, the request is not visible yet, too many polls. */
const NO_VERDICT = new Set([401, 403, 404, 408, 429]);
/** A request that never was, of an application that is: asking about it tells whether the key is good. */
const NOBODY = { endpoint: 'fal-ai/flux', requestId: '00000000-0000-4000-8000-000000000000' };

/** Evaluated when fal is first used: most starts of a Worker use no provider. */
const sdk = () => import('@fal-ai/client');

type Call = (use: (client: FalClient) => Promise<unknown>) => Promise<Answer>;

/** fal's queue through its SDK. Models are endpoint ids (`fal-ai/flux/dev`). */
function createFal(options: ProviderOptions): Provider {
  const call: Call = async (use) => {
    const rewrite = (url: string) => moveHost(url, options.baseUrl);
    const recorded = recordFetch({ fetch: options.fetch, timeoutMs: TIMEOUT_MS, rewrite });
    const { createFalClient } = await sdk();
    const client = createFalClient({
      credentials: options.key,
      fetch: recorded.fetch,
      suppressLocalCredentialsWarning: true,
    });
    // What the SDK throws says less than the answer itself.
    await use(client).catch(() => {});
    return recorded.answer();
  };
  const readError: ReadError = (body) => readFalError(body, [options.key, options.secret]);
  return {
    start: async (request) => readStarted(await call(submit(request)), request, readError, options.now()),
    status: (state) => poll(call, state, options),
    cancel: async (state) => {
      await call((client) => client.queue.cancel(state.model, { requestId: state.request_id }));
    },
    check: async () => readCheck(await call((client) => client.queue.status(NOBODY.endpoint, NOBODY)), readError),
  };
}

/** fal's SDK hard-codes its hosts; the queue moves to `baseUrl`, and nothing else of it is used here. */
function moveHost(url: string, baseUrl = SDK_ORIGIN): string | null {
  return url.startsWith(`${SDK_ORIGIN}/`) ? baseUrl.replace(/\/$/, '') + url.slice(SDK_ORIGIN.length) : null;
}

function submit({ model, input, hookUrl }: StartRequest) {
  return (client: FalClient) => client.queue.submit(model, { input, ...(hookUrl && { webhookUrl: hookUrl }) });
}

function readStarted(answer: Answer, request: StartRequest, readError: ReadError, now: number): Started {
  const queued = queuedSchema().safeParse(accepted(answer)).data;
  if (!queued) return classifySubmission(answer, readError, now);
  const state = { request_id: queued.request_id, model: request.model, kind: request.kind };
  return { status: 'pending', requestId: queued.request_id, state };
}

/** Two questions: how far it is, and once it is through, what came of it. */
async function poll(call: Call, state: ProviderState, options: ProviderOptions): Promise<Verdict> {
  const request = { requestId: state.request_id };
  const progress = await call((client) => client.queue.status(state.model, request));
  const status = statusSchema().safeParse(accepted(progress)).data?.status;
  if (status === 'IN_QUEUE' || status === 'IN_PROGRESS') return { status: 'pending' };
  if (status !== 'COMPLETED') return unanswered(progress, options.now());
  const answer = await call((client) => client.queue.result(state.model, request));
  return readResult(answer, state, options);
}

function readResult(answer: Answer, { kind }: ProviderState, { outputOrigins, key, now }: ProviderOptions): Verdict {
  const result = accepted(answer);
  if (result !== undefined) return readFalResult(result, kind, outputOrigins);
  if (answer.kind !== 'answer' || NO_VERDICT.has(answer.status)) return unanswered(answer, now());
  return readFalFailure(parseJson(answer.text), answer.status, [key]);
}

function unanswered(answer: Answer, now: number): Verdict {
  if (answer.kind !== 'answer') return { status: 'ambiguous', message: 'the provider could not be asked' };
  const message = `the provider answered ${answer.status} to a poll`;
  return { status: 'ambiguous', message, ...retryAfter(answer.headers, message, now) };
}

function readCheck(answer: Answer, readError: ReadError): KeyCheck {
  if (answer.kind !== 'answer') return { result: 'unreachable', message: 'fal could not be reached' };
  const message = readError(parseJson(answer.text), answer.status)?.message ?? `fal answered ${answer.status}`;
  if (isOutOfCredit(message) || answer.status === 402) return { result: 'out_of_credit', message };
  if ([401, 403].includes(answer.status)) return { result: 'invalid', message };
  // Authenticated first, looked up second: an unknown request means a known key.
  const known = accepted(answer) !== undefined || [400, 404, 422].includes(answer.status);
  return known ? { result: 'valid', message: 'fal accepts this key' } : { result: 'unreachable', message };
}

/** The JSON of a 2xx answer, else undefined. */
function accepted(answer: Answer): unknown {
  const ok = answer.kind === 'answer' && answer.status >= 200 && answer.status < 300;
  return ok ? parseJson(answer.text) : undefined;
}

export const fal: ProviderModule = { create: createFal, verifyHook: verifyFalHook, outputHosts: FAL_OUTPUT_HOSTS };

const queuedSchema = once(() => z.object({ request_id: matching(/^[\w-]{1,128}$/) }));
const statusSchema = once(() => z.object({ status: z.string() }));
