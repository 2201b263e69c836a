import { Hono } from 'hono';
import type { Store } from '../support/store.ts';
import { newSigningKey, type SigningKeys } from './signature.ts';

const ID = 'keys';

export type KeyRing = { get: () => SigningKeys; rotate: () => SigningKeys };

/** The signing keys: what was stored wins over `initial`, so that a rotation outlives a restart. */
export function createKeyRing(store: Store<SigningKeys>, initial?: SigningKeys): KeyRing {
  if (store.get(ID) === undefined) store.put(ID, initial ?? { current: newSigningKey(), next: newSigningKey() });
  let keys = store.get(ID) as SigningKeys;

  function rotate(): SigningKeys {
    keys = { current: keys.next, next: newSigningKey() };
    store.put(ID, keys);
    return keys;
  }

  return { get: () => keys, rotate };
}

/** `GET /keys` and `POST /keys/rotate`, below `/v2`. */
export function keyRoutes(ring: KeyRing): Hono {
  const app = new Hono();
  app.get('/keys', (c) => c.json(ring.get()));
  app.post('/keys/rotate', (c) => c.json(ring.rotate()));
  return app;
}
