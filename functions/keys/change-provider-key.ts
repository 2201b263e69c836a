import type { Credential } from '../../shared/auth/credential.ts';
import { changeProviderKey } from '../../shared/contract/provider-keys.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';
import { demand, endpointErrors, profileErrors } from './key-forms.ts';
import { envelopesOf } from './key-store.ts';
import { contextOf, sealConfig } from './sealed-key.ts';

const OTHER_ADDRESS =
  'A key is sent to the address that it was kept with. To change additional_config.endpoint_url, send the key again: POST …/replace.';

/** `PATCH /v1/provider-keys/{id}`. New settings are sealed like the old ones, for the version that is there. */
export const changeProviderKeyRoute = (deps: KeysDeps): Route =>
  route({
    ...changeProviderKey,
    async handle({ credential, params: { id }, body }, c) {
      const { additional_config: given, ...patch } = body;
      demand(profileErrors(patch.profile));
      const sealed = given && (await sealSettings(deps, credential, id, given));
      const change = { ...patch, ...(sealed && { additional_config: sealed.after.additional_config }) };
      const changed = unwrap(await deps.db.patchProviderKey(credential, id, change));
      // After the row: a change that it refuses must not have reached the envelopes.
      if (sealed) await putBeside(deps, sealed);
      return c.json(changed);
    },
  });

/** The key's envelopes as they are, and with its new settings sealed beside the key. */
async function sealSettings(deps: KeysDeps, credential: Credential, id: string, given: Record<string, unknown>) {
  if (given.endpoint_url !== undefined)
    demand(endpointErrors(deps, given.endpoint_url, 'additional_config.endpoint_url'));
  const key = unwrap(await deps.db.openProviderKey(credential, id));
  // Asked before anything is sealed; the database asks again.
  if (given.endpoint_url !== key.additional_config.endpoint_url)
    return refuse({ code: 'invalid_state', detail: OTHER_ADDRESS });
  const before = key.stored === 'elsewhere' ? await envelopesOf(deps, key) : key;
  if (!before?.api_key) return refuse({ code: 'invalid_state', detail: 'This key is not stored here.' });
  const { api_key, api_secret } = before;
  const additional_config = await sealConfig(deps.keyring, contextOf(key), given, api_key);
  return { key, before: { ...before, api_key }, after: { api_key, api_secret, additional_config } };
}

/** What lies in the main database went with the row. */
async function putBeside({ sealed }: KeysDeps, { key, before, after }: Awaited<ReturnType<typeof sealSettings>>) {
  if (key.stored === 'here' || !sealed) return;
  const { rewrapped } = unwrap(await sealed.rewrapSealed(key.key_id, key.version, before, after));
  if (!rewrapped) refuse({ code: 'conflict', detail: 'Somebody changed this key meanwhile.' });
}
