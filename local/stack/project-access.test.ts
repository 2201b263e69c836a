import { afterEach, expect, test, vi } from 'vitest';
import { checkAccess } from './project-access.ts';

const project = {
  url: 'https://abc.supabase.co',
  anon_key: 'anon',
  database_url: 'postgresql://nobody',
  role_tokens: { submit: 's', worker: 'w', callback: 'c', keys: 'k' },
};

/** The project's answers, the last one again and again; how often `submit` has asked. */
function answering(...answers: [status: number, code: string][]): () => number {
  let asked = 0;
  vi.stubGlobal('fetch', async (_: string, { headers }: { headers: Record<string, string> }) => {
    if (headers.authorization !== 'Bearer s') return Response.json({ code: '42501' }, { status: 403 });
    const [status, code] = answers[Math.min(asked++, answers.length - 1)] as [number, string];
    return Response.json({ code, message: 'so' }, { status });
  });
  return () => asked;
}

afterEach(() => vi.unstubAllGlobals());

test('one Worker is answered, the others are known', async () => {
  answering([200, '']);
  await checkAccess(project, 0);
});

test('what was just migrated is waited for', async () => {
  const asked = answering([406, 'PGRST106'], [404, 'PGRST202'], [200, '']);
  await checkAccess(project, 5000);
  expect(asked()).toBe(3);
});

test.each<[number, string, string]>([
  [401, 'PGRST301', 'SUPABASE_ROLE_TOKEN_SUBMIT in .dev.vars is not accepted'],
  [401, '', 'SUPABASE_ANON_KEY in .dev.vars is not accepted'],
  [406, 'PGRST106', 'The schema "api" is not exposed'],
  [404, '', 'SUPABASE_URL in .dev.vars does not answer as Supabase does'],
])('%s %s is said: %s', async (status, code, said) => {
  answering([status, code]);
  await expect(checkAccess(project, 0)).rejects.toThrow(said);
});

test('nobody there', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })));
  await expect(checkAccess(project)).rejects.toThrow('(https://abc.supabase.co) cannot be reached: ENOTFOUND.');
});
