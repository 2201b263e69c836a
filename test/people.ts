import { randomUUID } from 'node:crypto';
import type { Answer, Json } from './client.ts';
import { api, stack } from './stack.ts';

/** Somebody who signed up at Supabase Auth. */
export type Person = { id: string; email: string; bearer: string };

export async function signUp(name = 'ada'): Promise<Person> {
  const { supabase_url, anon_key } = stack();
  const email = `${name}-${randomUUID()}@film.test`;
  const response = await fetch(`${supabase_url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey: anon_key, 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: randomUUID() }),
  });
  const { user, access_token: bearer } = (await response.json()) as Json;
  return { id: user.id, email, bearer };
}

/** The answer's body, or a test that failed with what was said instead. */
export async function made(answer: Promise<Answer>): Promise<Json> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

/** An organisation of these two: the first one owns it, the second one is a member. */
export async function foundStudio(owner: Person, member: Person, role = 'member'): Promise<Json> {
  const studio = await made(api('/v1/organizations', { bearer: owner.bearer, body: { name: 'Studio' } }));
  const body = { email: member.email, role };
  const { token } = await made(api(`/v1/organizations/${studio.id}/members`, { bearer: owner.bearer, body }));
  await made(api('/v1/organizations/invitations/accept', { bearer: member.bearer, body: { token } }));
  return studio;
}
