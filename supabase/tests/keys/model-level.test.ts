import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { candidate, type Json, makeKey } from '../fixtures.ts';
import { keys, makeStudio, must, type Organization, type Person, submit } from './people.ts';

/** The model has a level of its own: the first that names one for the provider that was chosen, whoever chose the provider. */
const LEVELS = ['project', 'organization', 'user'] as const;
type Level = (typeof LEVELS)[number];
/** What a level says: nothing, a provider, the same one with a model, another one with a model. */
const SAYS = ['nothing', 'fal', 'fal with a model', 'kie with a model'] as const;
type Said = Record<Level, (typeof SAYS)[number]>;
const said: Said[] = SAYS.flatMap((project) =>
  SAYS.flatMap((organization) => SAYS.map((user) => ({ project, organization, user }))),
);

let pool: Pool;
let who: Person;
let studio: Organization;
let project: string;
let n = 0;
beforeAll(async () => {
  pool = await freshDatabase();
  ({ who, studio, project } = await makeStudio(pool));
  for (const provider of ['fal', 'kie', 'replicate']) await makeKey(pool, provider);
});
afterAll(() => pool.end());

function settingOf(level: Level, says: Said): { provider: string; model?: string } | undefined {
  const [provider = '', , model] = says[level].split(' ');
  return provider === 'nothing' ? undefined : { provider, ...(model && { model: `${provider}/${level}` }) };
}

/** An operation that has these settings. */
async function withSettings(says: Said): Promise<string> {
  const operation = `operation-${++n}`;
  const places: [Level, string][] = [
    ['project', project],
    ['organization', studio.id],
    ['user', 'me'],
  ];
  for (const [level, id] of places) {
    const value = settingOf(level, says);
    if (value) await must(keys(pool, 'put_setting', [who.credential, level, id, operation, value, null]));
  }
  return operation;
}

/** The catalogue: the environment's own choice first, and of each provider first what no setting names. */
const routes = ['replicate', 'fal', 'kie'].flatMap((provider) =>
  ['default', ...LEVELS].map((name) =>
    candidate(provider, { model: `${provider}/${name}`, more: { model: `${provider}/${name}` } }),
  ),
);

/** The rule in the words of the documentation, apart from the SQL. */
function expected(says: Said, request: { provider?: string; model?: string }) {
  const settings = LEVELS.flatMap((origin) => {
    const setting = settingOf(origin, says);
    return setting ? [{ origin, ...setting }] : [];
  });
  const named = [...(request.provider ? [{ origin: 'request', provider: request.provider }] : []), ...settings];
  const { origin, provider } = named[0] ?? { origin: 'environment', provider: 'replicate' };
  const models = settings.filter((setting) => setting.provider === provider && setting.model !== undefined);
  const asked = request.model ? [{ origin: 'request', model: request.model }] : [];
  const model = [...asked, ...models, { origin: 'environment', model: `${provider}/default` }][0];
  return { provider: { value: provider, origin }, model: { value: model?.model, origin: model?.origin } };
}

describe.each([{}, { provider: 'fal' }, { provider: 'kie' }, { model: 'asked' }, { provider: 'fal', model: 'asked' }])(
  'the request names %j',
  (request) => {
    test.each(SAYS)('the project says: %s', async (project_says) => {
      for (const says of said.filter((one) => one.project === project_says)) {
        const operation = await withSettings(says);
        const answer = await must(
          keys(pool, 'effective_settings', [who.credential, operation, project, request, routes]),
        );
        const { provider, model } = answer;
        expect({ says, provider, model }).toEqual({ says, ...expected(says, request) });
        const told = answer.considered.map(({ origin, model: named }: Json) => [origin, named]);
        expect(told.slice(1, 4)).toEqual(LEVELS.map((level) => [level, settingOf(level, says)?.model]));
      }
    });
  },
);

const order = async (answer: { ok?: Json }): Promise<string[]> => {
  const { rows } = await pool.query("select stages->'final'->'candidates' as chain from darkroom.jobs where id = $1", [
    answer.ok?.jobs[0].id,
  ]);
  return rows[0].chain.map(({ provider_model }: Json) => provider_model);
};

test.each(said.filter((one) => LEVELS.some((level) => one[level] !== 'nothing')))(
  'a job tries what the answer says first, then the provider’s other routes: %j',
  async (says) => {
    const operation = await withSettings(says);
    const { provider, model } = expected(says, {});
    const models = await order(await submit(pool, who, routes, { project_id: project, operation }));
    expect(models[0]).toBe(model.value);
    const others = routes.map((route) => route.provider_model).filter((name) => name !== model.value);
    const ofProvider = (name: string) => name.startsWith(`${provider.value}/`);
    expect(models.slice(1)).toEqual([...others.filter(ofProvider), ...others.filter((name) => !ofProvider(name))]);
  },
);
