import { testProviderKey, testUnsavedKey } from '../../shared/contract/provider-keys.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';
import { fingerprint, last4 } from './fingerprint.ts';
import { checkKeyForm } from './key-forms.ts';
import { openMaterial } from './open-key.ts';
import { tryKey } from './try-key.ts';

/** `…/test`: a cheap real call to the provider. What it says of a kept key counts: one that works again is back in service. */
export const keyTestRoutes = (deps: KeysDeps): Route[] => [
  route({
    ...testUnsavedKey,
    async handle({ credential, body: { provider, api_key, api_secret, additional_config } }, c) {
      unwrap(checkKeyForm(deps, provider, { api_key, api_secret, additional_config }));
      // Counted and written down before the provider is asked: whoever has found keys cannot sort them here unseen.
      const said = { provider, last4: last4(api_key), fingerprint: await fingerprint(api_key) };
      unwrap(await deps.db.beginKeyTest(credential, said));
      return c.json(
        await tryKey(deps, provider, { key: api_key, secret: api_secret, config: additional_config ?? {} }),
      );
    },
  }),
  route({
    ...testProviderKey,
    async handle({ credential, params: { id } }, c) {
      const row = unwrap(await deps.db.openProviderKey(credential, id));
      const opened = await openMaterial(deps, row);
      if ('missing' in opened) return refuse({ code: 'invalid_state', detail: opened.missing });
      const tried = await tryKey(deps, row.provider, opened);
      const { ms, ...result } = tried;
      unwrap(await deps.db.recordKeyTest(credential, id, row.version, result));
      return c.json(tried);
    },
  }),
];
