import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { candidate, type Json, makeKey } from '../fixtures.ts';
import { addKey, keys, makeStudio, must, type Organization, type Person, submit } from './people.ts';

/** Request, project, organisation, user, environment: every combination of them, each asked and each run. */
const LEVELS = ['request', 'project', 'organization', 'user', 'environment'] as const;
type Level = (typeof LEVELS)[number];
const combinations = Array.from({ length: 2 ** LEVELS.length }, (_, bits) =>
  LEVELS.filter((_level, n) => bits & (1 << n)),
).map((present) => [present.join(' + ') || 'none', present] as [string, Level[]]);

let pool: Pool;
let who: Person;
let studio: Organization;
let project: string;
let n = 0;
beforeAll(async () => {
  pool = await freshDatabase();
  ({ who, studio, project } = await makeStudio(pool));
  for (const level of LEVELS) await makeKey(pool, `by-${level}`);
});
afterAll(() => pool.end());

const scopes = (): Partial<Record<Level, Json>> => ({
  project: { scope: 'project', scope_id: project },
  organization: { scope: 'organization', scope_id: studio.id },
  user: { scope: 'user' },
});
const effective = (operation: string, request: Json, candidates: Json[]) =>
  must(keys(pool, 'effective_settings', [who.credential, operation, project, request, candidates]));
const route = (provider: string) => candidate(provider, { more: { model: `${provider}-default` } });

describe('the provider and the model: the first level that names one', () => {
  test.each(combinations)('%s', async (_name, present) => {
    const operation = `operation-${++n}`;
    for (const [level, { scope, scope_id }] of Object.entries(scopes()) as [Level, Json][])
      if (present.includes(level))
        await must(
          keys(pool, 'put_setting', [
            who.credential,
            scope,
            scope_id ?? 'me',
            operation,
            { provider: `by-${level}`, model: `${level}-model` },
            null,
          ]),
        );
    const request = present.includes('request') ? { provider: 'by-request', model: 'request-model' } : {};
    // The catalogue's own order: the environment's default comes first.
    const routes = ['environment', 'user', 'organization', 'project', 'request'].map((level) => route(`by-${level}`));
    const answer = await effective(operation, request, routes);
    const origin = present.find((level) => level !== 'environment') ?? 'environment';
    expect(answer.provider).toEqual({ value: `by-${origin}`, origin });
    expect(answer.model).toEqual({
      value: origin === 'environment' ? 'by-environment-default' : `${origin}-model`,
      origin,
    });
    expect(answer.considered.map((c: Json) => c.origin)).toEqual(LEVELS);
    for (const { origin: level, outcome } of answer.considered) {
      const named = level !== 'environment' && present.includes(level);
      expect([level, outcome]).toEqual([level, level === origin ? 'chosen' : named ? 'overridden' : 'not_set']);
    }
    // The job does what the answer said.
    const routing = present.includes('request') ? { order: ['by-request'] } : {};
    const job = await submit(pool, who, routes, { project_id: project, operation, routing });
    expect(job.ok.lanes).toEqual([`by-${origin}:platform`]);
  });
});

describe('the key: the first level that has one', () => {
  test.each(combinations)('%s', async (_name, present) => {
    const provider = `provider-${++n}`;
    const made: Partial<Record<Level, string>> = {};
    for (const [level, place] of Object.entries(scopes()) as [Level, Json][])
      if (present.includes(level)) made[level] = (await addKey(pool, who, provider, place)).id;
    if (present.includes('environment')) made.environment = await makeKey(pool, provider);
    // A request names one of the caller's keys: here one more of the person's, which nobody else would pick first.
    if (present.includes('request')) made.request = (await addKey(pool, who, provider, { priority: -1 })).id;
    const request = present.includes('request') ? { provider_key: made.request } : {};
    const owned = present.includes('request') && !present.includes('user') ? 'chosen' : undefined;
    const answer = await effective('image', request, [route(provider)]);
    const origin = LEVELS.find((level) => present.includes(level));
    expect(answer.provider).toEqual({ value: provider, origin: origin ?? 'environment' });
    expect(answer.key).toEqual(
      origin ? { id: made[origin], last4: origin === 'environment' ? null : 'abcd', origin } : null,
    );
    for (const { origin: level, key } of answer.considered) {
      const there = present.includes(level) || (level === 'user' && present.includes('request'));
      if (level === origin) expect(key).toBe('chosen');
      else if (level === 'request' || !there) expect(key).toBe('none');
      else expect(['overridden', 'not_allowed', owned]).toContain(key);
    }
    const job = await submit(pool, who, [provider], { project_id: project, routing: request });
    if (!origin) {
      expect(job.refusal).toMatchObject({ code: 'provider_key_missing', operation: 'image', provider });
      return;
    }
    const { rows } = await pool.query(
      `select j.stages->'final'->'candidates'->0->>'credential' as credential, p.lane
          from darkroom.jobs j join darkroom.parts p on p.job_id = j.id where j.id = $1`,
      [job.ok.jobs[0].id],
    );
    const lanes: Record<Level, string> = {
      request: `${provider}:user:${who.account}#${made.request}`,
      project: `${provider}:project:${project}`,
      organization: `${provider}:organization:${studio.account}`,
      user: `${provider}:user:${who.account}`,
      environment: `${provider}:platform`,
    };
    expect(rows).toEqual([{ credential: origin, lane: lanes[origin] }]);
  });
});
