import type { Call } from './client.ts';
import { apiKeyCalls } from './key-service/api-keys.ts';
import { organizationCalls } from './key-service/organizations.ts';
import { providerKeyCalls } from './key-service/provider-keys.ts';
import { sealedStoreCalls } from './key-service/sealed-store.ts';
import { settingCalls } from './key-service/settings.ts';
import { createKeysDatabase } from './keys.ts';

export type KeyServiceDatabase = ReturnType<typeof createKeyServiceDatabase>;

/** All SQL functions of the role `keys`, one thin method each. */
export const createKeyServiceDatabase = (call: Call) => ({
  ...createKeysDatabase(call),
  ...organizationCalls(call),
  ...apiKeyCalls(call),
  ...providerKeyCalls(call),
  ...settingCalls(call),
  ...sealedStoreCalls(call),
});
