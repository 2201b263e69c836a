import type Replicate from 'replicate';
import { once } from '../async/once.ts';
import { matching, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { verify } from '../signatures/standard-webhooks.ts';
import { classifySubmission, isModeration, parseJson, type ReadError, retryAfter, tidy } from './classify.ts';
import { readOutputs } from './outputs.ts';
import { type Answer, recordFetch } from './recorded-fetch.ts';
import type {
  HookRequest,
  HookResult,
  KeyCheck,
  Provider,
  ProviderModule,
  ProviderOptions,
  ProviderState,
  Started,
  StartRequest,
  Verdict,
} from './types.ts';

const BASE_URL = 'https://api.replicate.com/v1';
const TIMEOUT_MS = 20_000;
const HOOK_TOLERANCE_SECONDS = 300;
/** Files vanish from there an hour after the prediction ended. */
const OUTPUT_HOSTS = ['replicate.delivery', '*.replicate.delivery'];

/** Evaluated when Replicate is first used: most starts of a Worker use no provider. */
const sdk = () => import('replicate');

type Call = (use: (client: Replicate) => Promise<unknown>) => Promise<Answer>;

/** Replicate's predictions through its SDK. Models are `owner/name`, or `owner/name:version` for community models. */
function createReplicate(options: ProviderOptions): Provider {
  const call: Call = async (use) => {
    const recorded = recordFetch({ fetch: options.fetch, timeoutMs: TIMEOUT_MS });
    const baseUrl = options.baseUrl ?? BASE_URL;
    const { default: Client } = await sdk();
    const client = new Client({ auth: options.key, baseUrl, fetch: recorded.fetch });
    // What the SDK throws says less than the answer itself.
    await use(client).catch(() => {});
    return recorded.answer();
  };
  const readError: ReadError = (body) => readVendorError(body, [options.key, options.secret]);
  return {
    start: async (request) => readStarted(await call(submit(request)), request, readError, options.now()),
    status: async (state) => readPoll(await call((client) => client.predictions.get(state.request_id)), state, options),
    cancel: async (state) => void (await call((client) => client.predictions.cancel(state.request_id))),
    check: async () => readCheck(await call((client) => client.accounts.current()), readError),
  };
}

function submit({ model, input, hookUrl }: StartRequest) {
  const [name = '', version] = model.split(':');
  const hook = hookUrl ? { webhook: hookUrl, webhook_events_filter: ['completed' as const] } : {};
  return (client: Replicate) =>
    client.predictions.create({ ...(version ? { version } : { model: name }), input, ...hook });
}

function readStarted(answer: Answer, request: StartRequest, readError: ReadError, now: number): Started {
  const accepted = answer.kind === 'answer' && answer.status >= 200 && answer.status < 300;
  const prediction = accepted ? predictionSchema().safeParse(parseJson(answer.text)).data : undefined;
  if (!prediction) return classifySubmission(answer, readError, now);
  const state = { request_id: prediction.id, model: request.model, kind: request.kind };
  return { status: 'pending', requestId: prediction.id, state };
}

/** A poll that was not answered with a prediction is no verdict, whatever its status says. */
async function readPoll(answer: Answer, state: ProviderState, options: ProviderOptions): Promise<Verdict> {
  if (answer.kind !== 'answer') return { status: 'ambiguous', message: 'the provider could not be asked' };
  const prediction = answer.status === 200 ? predictionSchema().safeParse(parseJson(answer.text)).data : undefined;
  if (prediction?.id === state.request_id) return readPrediction(prediction, { ...options, kind: state.kind });
  const message = `the provider answered ${answer.status} to a poll`;
  return { status: 'ambiguous', message, ...retryAfter(answer.headers, answer.text, options.now()) };
}

/** The verdict of a prediction, the same for a poll and a webhook. */
async function readPrediction(
  prediction: Prediction,
  { kind, outputOrigins, key }: Pick<HookRequest, 'kind' | 'outputOrigins'> & { key?: string },
): Promise<Verdict> {
  switch (prediction.status) {
    case 'starting':
    case 'processing':
      return { status: 'pending', ...(await readProgress(prediction.logs)) };
    case 'succeeded':
      return readOutputs(prediction.output, { kind, hosts: OUTPUT_HOSTS, origins: outputOrigins });
    case 'failed':
      return readFailure(tidy(textOf(prediction.error) || 'the prediction failed', [key]));
    // Aborted: it passed its own deadline before it started.
    case 'canceled':
    case 'aborted':
      return { status: 'canceled' };
    default:
      return { status: 'ambiguous', message: `unknown status ${tidy(prediction.status)}` };
  }
}

function readFailure(message: string): Verdict {
  if (isModeration(message)) return { status: 'rejected', code: 'moderation', message };
  const code = /timed? ?out|took too long/i.test(message) ? 'timeout' : 'failed';
  return { status: 'failed', code, message };
}

async function readProgress(logs: string | null | undefined) {
  const progress = logs ? (await sdk()).parseProgressFromLogs(logs)?.percentage : undefined;
  return progress === undefined ? {} : { progress };
}

/** `{title, detail, status, invalid_fields: [{field: "input.prompt", description}]}`, or FastAPI's `{detail}`. */
function readVendorError(body: unknown, secrets: (string | undefined)[]) {
  const error = errorSchema().safeParse(body).data;
  const text = error ? textOf(error.detail) || textOf(error.title) || textOf(error.error) : '';
  if (!error || !text) return null;
  const field = error.invalid_fields?.[0]?.field?.replace(/^input\./, '');
  const outOfCredit = /insufficient credit/i.test(`${textOf(error.title)} ${text}`);
  return { message: tidy(text, secrets), ...(field && { field }), outOfCredit, moderation: isModeration(text) };
}

function readCheck(answer: Answer, readError: ReadError): KeyCheck {
  if (answer.kind !== 'answer') return { result: 'unreachable', message: 'Replicate could not be reached' };
  if (answer.status === 200) return { result: 'valid', message: 'Replicate accepts this key' };
  const message = readError(parseJson(answer.text), answer.status)?.message ?? `Replicate answered ${answer.status}`;
  if (answer.status === 402) return { result: 'out_of_credit', message };
  return { result: [401, 403].includes(answer.status) ? 'invalid' : 'unreachable', message };
}

/**
 * Verifies a webhook with the secret of the key's account (Standard Webhooks) and reads the prediction in it.
 * @see https://replicate.com/docs/topics/webhooks/verify-webhook
 */
async function verifyReplicateHook(request: HookRequest): Promise<HookResult> {
  const { headers, body, now, secrets = [] } = request;
  const verified = await verify({ headers, body, secrets, now, toleranceSeconds: HOOK_TOLERANCE_SECONDS });
  if (!verified.ok) return { ok: false, reason: refusals[verified.reason] };
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const prediction = predictionSchema().safeParse(parseJson(text)).data;
  if (!prediction) return { ok: false, reason: 'body' };
  if (request.requestId && request.requestId !== prediction.id) return { ok: false, reason: 'request_id' };
  return { ok: true, requestId: prediction.id, outcome: await readPrediction(prediction, request) };
}

const refusals = {
  secret: 'secret',
  headers: 'headers',
  id: 'headers',
  timestamp: 'headers',
  signature_form: 'headers',
  stale: 'stale',
  signature: 'signature',
} as const;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
}

export const replicate: ProviderModule = {
  create: createReplicate,
  verifyHook: verifyReplicateHook,
  outputHosts: OUTPUT_HOSTS,
};

type Prediction = Of<typeof predictionSchema>;

const predictionSchema = once(() =>
  z.object({
    id: matching(/^[\w-]{1,128}$/),
    status: z.string(),
    output: z.optional(z.unknown()),
    error: z.optional(z.unknown()),
    logs: z.nullish(z.string()),
  }),
);

const errorSchema = once(() =>
  z.object({
    title: z.optional(z.unknown()),
    detail: z.optional(z.unknown()),
    error: z.optional(z.unknown()),
    invalid_fields: z.catch(z.nullish(z.array(z.object({ field: z.nullish(z.string()) }))), null),
  }),
);
