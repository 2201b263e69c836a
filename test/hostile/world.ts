import type { Client } from '../client.ts';
import { type Caller, callersOf, type SigningKey } from './callers.ts';
import { readDocument, type Service } from './document.ts';
import { found, type Household, settle } from './households.ts';
import { spares } from './spares.ts';
import { type Owners, ownersOf } from './strangers.ts';
import { unknownId, type Whose } from './tokens.ts';

/** Whom the cases are about: ada calls, bob is the stranger, a studio has the roles. */
export type World = Client & {
  service: Service;
  callers: Caller[];
  owners: Owners;
  idOf: (caller: Caller, whose: Whose, kind: string) => Promise<string>;
  caller: (name: string) => Caller;
};

export async function createWorld(client: Client, signingKey: SigningKey): Promise<World> {
  const [ada, bob, host, studio] = await Promise.all([
    ...['ada', 'bob', 'host'].map((name) => settle(client, name)),
    found(client),
  ] as [Promise<Household>, Promise<Household>, Promise<Household>, ReturnType<typeof found>]);
  const callers = await callersOf(client, { ada, studio, signingKey });
  const spare = spares(client, { ada, host });
  return {
    ...client,
    service: await readDocument(client.stack().origin),
    callers,
    owners: await ownersOf(client.pool(), [ada, bob, host, studio]),
    caller: (name) => callers.find((one) => one.name === name) as Caller,
    async idOf({ ids, role }, whose, kind) {
      if (whose === 'foreign') return bob.ids[kind] ?? unknownId(kind);
      if (whose === 'spare' && !role) return spare(kind);
      return (whose === 'unknown' ? undefined : ids[kind]) ?? unknownId(kind);
    },
  };
}
