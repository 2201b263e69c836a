import { readState, stateFolder } from '../stack/state-folder.ts';
import type { TriedKey } from './table.ts';

type Stack = { origin: string; api_key: string; admin_api_key: string };
type StoredKey = { id: string; provider: string; name: string; last4: string };

/** Tries every key of the running stack that its demo user or its operator can see; none if no stack runs. */
export async function tryStack(providers: string[]): Promise<TriedKey[]> {
  const stack = readState<Stack>(stateFolder().stack);
  if (!stack?.origin || !(await isUp(stack))) return [];
  const lists = [
    tryAll(stack, stack.api_key, '', providers),
    tryAll(stack, stack.admin_api_key, '&scope=platform', providers),
  ];
  return (await Promise.all(lists)).flat();
}

async function tryAll(stack: Stack, credential: string, more: string, providers: string[]): Promise<TriedKey[]> {
  const keys = (await keysOf(stack, credential, more)).filter(({ provider }) => providers.includes(provider));
  return Promise.all(keys.map((key) => tryOne(stack, key, credential)));
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
