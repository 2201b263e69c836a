import { randomBytes } from 'node:crypto';
import { createControl } from '../support/control.ts';
import { createFiles } from '../support/files.ts';
import { createHooks } from '../support/hooks.ts';
import { lifecycleOf } from '../support/lifecycle.ts';
import { createOrigin } from '../support/origin.ts';
import { createRuns } from '../support/runs.ts';
import type { Database } from '../support/store.ts';
import { createCatalog } from './catalog.ts';
import type { ReplicateModel } from './model.ts';
import { conclude, type Prediction, present, type WebhookEvent } from './prediction.ts';
import { type Decision, decide, type Submission } from './submission.ts';
import { type PredictionHook, signWebhook } from './webhooks.ts';

export type ReplicateOptions = {
  database: Database;
  /** Clock in ms. */
  now?: () => number;
  /** Work of every prediction in ms; by default 300 for images, 800 for videos. */
  delayMs?: number;
  /** Waits between tries of the final webhook, in ms. */
  retryDelaysMs?: number[];
  /** Models besides those of `image-models.ts` and `video-models.ts`, or in place of them. */
  models?: Record<string, ReplicateModel>;
  /** Whether inputs the model does not have are refused (the vendor ignores them, which hides mistakes). */
  strict?: boolean;
};

export type Service = ReturnType<typeof createService>;

const WORK_MS = { image: 300, video: 800 };
/** Stands in when a restart with fewer models meets a prediction of one that is gone. */
const GONE: ReplicateModel = { kind: 'image', output: 'uri', official: true, fields: {} };

/** What goes on behind the API: predictions run, end and are announced, across restarts. */
export function createService({ database, delayMs, retryDelaysMs, models, ...options }: ReplicateOptions) {
  const { now = Date.now, strict = true } = options;
  const origin = createOrigin();
  const files = createFiles({ database, now });
  const catalog = createCatalog(models);
  const view = (prediction: Prediction, from = origin.of()) => present(prediction, { origin: from, files, now: now() });

  const hooks = createHooks<PredictionHook>({
    database,
    now,
    retryDelaysMs,
    compose: async (context) => ({ body: context.body, headers: signWebhook(context, now()) }),
  });
  /** Only the final event is tried again, and only it is duplicated on request. */
  const notify = (prediction: Prediction, event: WebhookEvent) => {
    const { id, webhook: url, events, secret, behaviour } = prediction;
    const { badSignature, deliveries } = behaviour;
    if (url === null || !events.includes(event) || deliveries === 0) return;
    const retried = event === 'completed';
    const body = JSON.stringify(view(prediction));
    const context = { message_id: `msg_${randomBytes(12).toString('hex')}`, body, secret, badSignature };
    for (let copy = 0; copy < (retried ? deliveries : 1); copy += 1) {
      hooks.send({ id: `${id}-${event}-${copy}`, url, context, retried });
    }
  };
  const runs = createRuns<Prediction>({
    store: database.table<Prediction>('predictions'),
    now,
    conclude: (prediction) => conclude(prediction, catalog.byName(prediction.model) ?? GONE, files, now()),
    onRunning: (prediction) => notify(prediction, 'start'),
    onDone(prediction) {
      const events: WebhookEvent[] =
        prediction.verdict === 'succeeded' ? ['logs', 'output', 'completed'] : ['completed'];
      for (const event of events) notify(prediction, event);
    },
  });
  const control = createControl({
    database,
    statusOf(id) {
      const prediction = runs.get(id);
      return prediction && String(view(prediction).status);
    },
    counters: () => ({ webhooks: hooks.counters() }),
  });
  const accept = (submission: Submission, json: unknown): Decision => {
    const workMs = (kind: ReplicateModel['kind']) => delayMs ?? WORK_MS[kind];
    const decision = decide(submission, json, { control, now, workMs, strict });
    if ('prediction' in decision && decision.prediction) runs.add(decision.prediction);
    else control.refused();
    return decision;
  };
  const { start, stop } = lifecycleOf(origin, runs, hooks);
  return { now, origin, files, catalog, runs, control, view, accept, start, stop };
}
