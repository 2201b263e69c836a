import { readState, stateFolder } from '../stack/state-folder.ts';
import type { TriedKey } from './table.ts';

type Stack = { origin: string; api_key: string; admin_api_key: string };
type StoredKey = { id: string; provider: string; name: string; last4: string };

/** Tries every key of the running stack that its demo user or its operator can see; none if no stack runs. */
export async function tryStack(providers: string[]): Promise<TriedKey[]> {
  const stack = readState<Stack>(stateFolder().stack);
  if (!stack?.origin || !(await isUp(stack))) return [];
  const seen = new Map<string, { key: StoredKey; credential: string }>();
  for (const key of await keysOf(stack, stack.api_key, '')) seen.set(key.id, { key, credential: stack.api_key });
  for (const key of await keysOf(stack, stack.admin_api_key, '&scope=platform'))
    seen.set(key.id, { key, credential: stack.admin_api_key });
  const wanted = [...seen.values()].filter(({ key }) => providers.includes(key.provider));
  return Promise.all(wanted.map(({ key, credential }) => tryOne(stack, key, credential)));
}

const isUp = ({ origin }: Stack) =>
  fetch(`${origin}/health`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );

async function keysOf({ origin }: Stack, credential: string, more: string): Promise<StoredKey[]> {
  const response = await fetch(`${origin}/v1/provider-keys?limit=200${more}`, { headers: { 'x-api-key': credential } });
  if (!response.ok) throw new Error(`The stack did not list its keys: ${response.status}`);
  return ((await response.json()) as { data: StoredKey[] }).data;
}

async function tryOne({ origin }: Stack, key: StoredKey, credential: string): Promise<TriedKey> {
  const headers = { 'x-api-key': credential };
  const response = await fetch(`${origin}/v1/provider-keys/${key.id}/test`, { method: 'POST', headers });
  const answer = (await response.json()) as TriedKey & { detail?: string };
  const where = `${key.name || key.id} (stack)`;
  const said = { provider: key.provider, where, last4: key.last4 };
  if (!response.ok)
    return { ...said, result: 'unreachable', message: answer.detail ?? `answered ${response.status}`, ms: 0 };
  return { ...said, result: answer.result, message: answer.message, ms: answer.ms };
}
