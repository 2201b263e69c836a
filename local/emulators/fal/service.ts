import { createControl } from '../support/control.ts';
import { createFiles } from '../support/files.ts';
import { createHooks } from '../support/hooks.ts';
import { lifecycleOf } from '../support/lifecycle.ts';
import { createOrigin } from '../support/origin.ts';
import { createRuns } from '../support/runs.ts';
import type { Database } from '../support/store.ts';
import { IMAGE_MODELS } from './image-models.ts';
import type { FalModel } from './model.ts';
import { conclude, type FalRequest, resultOf, STATUS } from './request.ts';
import { type Decision, decide, type Submission } from './submission.ts';
import { VIDEO_MODELS } from './video-models.ts';
import { createSigner } from './webhooks.ts';

export type FalOptions = {
  database: Database;
  /** Clock in ms. */
  now?: () => number;
  /** Work of every request in ms; by default 300 for images, 800 for videos, 500 for audio. */
  delayMs?: number;
  /** Waits between tries of a webhook, in ms. */
  retryDelaysMs?: number[];
  /** Endpoints besides those of `image-models.ts` and `video-models.ts`, or in place of them. */
  models?: Record<string, FalModel>;
  /** Whether inputs the model does not have are refused (the vendor ignores them, which hides mistakes). */
  strict?: boolean;
};

export type Service = ReturnType<typeof createService>;

const WORK_MS = { image: 300, video: 800, audio: 500 };
/** Stands in when a restart with fewer models meets a request to one that is gone. */
const GONE: FalModel = { kind: 'image', fields: {}, outputs: ['images'] };

/** What goes on behind the API: requests run, end and are announced, across restarts. */
export function createService({ database, delayMs, retryDelaysMs, models, ...options }: FalOptions) {
  const { now = Date.now, strict = true } = options;
  const origin = createOrigin();
  const files = createFiles({ database, now });
  const signer = createSigner(database);
  const endpoints = new Map(Object.entries({ ...IMAGE_MODELS, ...VIDEO_MODELS, ...models }));
  const result = (request: FalRequest, from = origin.of()) =>
    resultOf(request, endpoints.get(request.endpoint) ?? GONE, files, from);

  const notification = async (request: FalRequest) => {
    const { id, error } = request;
    const ids = { request_id: id, gateway_request_id: id };
    if (error)
      return { ...ids, status: 'ERROR', error: `Unexpected status code: ${error.status}`, payload: error.body };
    return { ...ids, status: 'OK', error: null, payload: await result(request) };
  };
  const hooks = createHooks<{ request_id: string }>({
    database,
    now,
    retryDelaysMs,
    async compose({ request_id }) {
      const request = runs.get(request_id);
      // After a crash between the two writes the webhook is there before the verdict: a later try finds it.
      if (request?.phase !== 'done') throw new Error(`Request ${request_id} has no verdict yet.`);
      const body = JSON.stringify(await notification(request));
      const { badSignature } = request.behaviour;
      const headers = signer.headers({ requestId: request_id, userId: request.user, body, badSignature, now: now() });
      return { body, headers };
    },
  });
  const runs = createRuns<FalRequest>({
    store: database.table<FalRequest>('requests'),
    now,
    conclude: (request) => conclude(request, endpoints.get(request.endpoint) ?? GONE, files, now()),
    onDone({ id, webhook, behaviour, error }) {
      if (webhook === null || error?.status === 499) return; // whoever canceled knows
      for (let copy = 0; copy < behaviour.deliveries; copy += 1) {
        hooks.send({ id: `${id}-${copy}`, url: webhook, context: { request_id: id }, retried: true });
      }
    },
  });
  const control = createControl({
    database,
    statusOf(id) {
      const phase = runs.get(id)?.phase;
      return phase && STATUS[phase];
    },
    counters: () => ({ webhooks: hooks.counters() }),
  });
  const accept = (submission: Submission, json: unknown): Decision => {
    const workMs = (kind: FalModel['kind']) => delayMs ?? WORK_MS[kind];
    const decision = decide(submission, json, { control, now, workMs, strict });
    if ('request' in decision && decision.request) runs.add(decision.request);
    else control.refused();
    return decision;
  };
  const { start, stop } = lifecycleOf(origin, runs, hooks);
  return { origin, files, endpoints, jwks: signer.jwks, runs, control, result, accept, start, stop };
}
