import type { Context, Hono } from 'hono';
import { dropConnection, holdConnection } from '../support/connection.ts';
import { fingerprint } from '../support/keys.ts';
import { invalidVersion, problem } from './errors.ts';
import type { ReplicateModel } from './model.ts';
import type { Prediction } from './prediction.ts';
import type { Env } from './replicate.ts';
import type { Service } from './service.ts';

const PAGE = 100;
const LONGEST_WAIT_SECONDS = 60;

/** `/predictions` and `/models/{owner}/{name}/predictions`. A token sees its own predictions only. */
export function mountPredictions(api: Hono<Env>, { catalog, runs, origin, view, accept }: Service): void {
  const submit = async (c: Context<Env>, name: string, model: ReplicateModel, version: string) => {
    const json = await c.req.json().catch(() => undefined);
    if (json === undefined) return problem(400);
    const cancelAfter = c.req.header('cancel-after');
    const decision = accept({ token: c.var.token, name, model, version, cancelAfter }, json);
    if ('refused' in decision) return decision.refused;
    if (decision.behaviour.connection === 'timeout') return holdConnection(c);
    if (decision.behaviour.connection !== 'kept' || !decision.prediction) return dropConnection(c);
    return answer(c, decision.prediction);
  };
  /** 201, or 202 if the client waited with `Prefer: wait=n` and it is still not done. */
  const answer = async (c: Context<Env>, prediction: Prediction) => {
    const [, wait, seconds = LONGEST_WAIT_SECONDS] = /\b(wait)(?:=(\d+))?/.exec(c.req.header('prefer') ?? '') ?? [];
    if (wait) await runs.settled(prediction.id, Math.min(Number(seconds), LONGEST_WAIT_SECONDS) * 1000);
    const current = runs.get(prediction.id) ?? prediction;
    return c.json(view(current, origin.of(c)), wait && current.phase !== 'done' ? 202 : 201);
  };
  const owned = (c: Context<Env>) => {
    const prediction = runs.get(c.req.param('id') ?? '');
    return prediction?.owner === fingerprint(c.var.token) ? prediction : undefined;
  };

  api.post('/models/:owner/:name/predictions', (c) => {
    const name = `${c.req.param('owner')}/${c.req.param('name')}`;
    const model = catalog.byName(name);
    return model?.official ? submit(c, name, model, 'hidden') : problem(404);
  });
  api.post('/predictions', async (c) => {
    const body: { version?: unknown } | null = await c.req.json().catch(() => null);
    const found = catalog.byVersion(String(body?.version));
    return found ? submit(c, found.name, found.model, found.version) : invalidVersion();
  });
  api.get('/predictions', (c) => {
    const own = runs.all().filter(({ owner }) => owner === fingerprint(c.var.token));
    const from = Number(c.req.query('cursor') ?? 0);
    const results = own.reverse().slice(from, from + PAGE);
    const next = from + PAGE < own.length ? `${origin.of(c)}/v1/predictions?cursor=${from + PAGE}` : null;
    return c.json({ previous: null, next, results: results.map((prediction) => view(prediction, origin.of(c))) });
  });
  api.get('/predictions/:id', (c) => {
    const prediction = owned(c);
    return prediction ? c.json(view(prediction, origin.of(c))) : problem(404);
  });
  api.post('/predictions/:id/cancel', (c) => {
    const prediction = owned(c);
    if (prediction === undefined) return problem(404);
    return c.json(view(runs.finish(prediction.id, { verdict: 'canceled' }) ?? prediction, origin.of(c)));
  });
}
