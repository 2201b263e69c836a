/**
 * Ids stand in cases as tokens, `{{own:job}}`, so that a case reads and repeats the same whatever the ids are today. `own` is of the
 * caller (or of what it is a member of), `spare` one of its own that may be used up, `foreign` the stranger's, `unknown` nobody's.
 */
export type Whose = 'own' | 'spare' | 'foreign' | 'unknown';

const TOKEN = /\{\{(own|spare|foreign|unknown):(\w+)\}\}/g;
const ID_PATTERN = /^\^(\w+)_\[0-9a-f\]\{32\}\$$/;
const ONE_OF_MANY = /^\^\(me\|/;

/** For a pattern that is one of an id. */
export function idToken(pattern: string | undefined, whose: Whose = 'own'): string | undefined {
  if (pattern === undefined) return undefined;
  if (ONE_OF_MANY.test(pattern)) return whose === 'own' ? 'me' : `{{${whose}:acct}}`;
  const [, kind] = ID_PATTERN.exec(pattern) ?? [];
  return kind && `{{${whose}:${kind}}}`;
}

/** The text with every token resolved, each token once. */
export async function resolveTokens(
  text: string,
  idOf: (whose: Whose, kind: string) => Promise<string>,
): Promise<string> {
  const found = new Map<string, string>();
  for (const [token, whose, kind] of text.matchAll(TOKEN)) {
    if (!found.has(token)) found.set(token, await idOf(whose as Whose, kind as string));
  }
  return text.replace(TOKEN, (token) => found.get(token) as string);
}

/** Well formed, and nobody's. */
export const unknownId = (kind: string) =>
  kind === 'user' ? 'ffffffff-ffff-4fff-8fff-ffffffffffff' : `${kind}_${'f'.repeat(32)}`;
