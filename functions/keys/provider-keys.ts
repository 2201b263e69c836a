import * as contract from '../../shared/contract/provider-keys.ts';
import type { SealPlan } from '../../shared/db/key-service/provider-key-rows.ts';
import { type Result, unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';
import { fingerprint, last4 } from './fingerprint.ts';
import { checkKeyForm, demand, profileErrors } from './key-forms.ts';
import { putAway, takeBack } from './key-store.ts';
import { contextOf, type KeySecrets, sealKey } from './sealed-key.ts';

/** `/v1/provider-keys`: what makes and replaces them, and what reads and orders them. Changes are in `change-provider-key.ts`. */
export const providerKeyRoutes = (deps: KeysDeps): Route[] => [create(deps), replace(deps), ...others(deps)];

const create = (deps: KeysDeps): Route =>
  route({
    ...contract.createProviderKey,
    async handle({ credential, body, idempotencyKey }, c) {
      const { api_key, api_secret, additional_config, ...request } = body;
      const secrets = { api_key, api_secret, additional_config };
      unwrap(checkKeyForm(deps, body.provider, secrets));
      demand(profileErrors(body.profile, body.provider));
      const once = await onceOf(c, idempotencyKey, body);
      const plan = unwrap(await deps.db.prepareProviderKey(credential, request));
      const away = await sealAway(deps, plan, secrets);
      const made = await deps.db.createProviderKey(credential, { ...request, ...away.contents, id: plan.id }, once);
      if (isUnused(made)) await away.takeBack();
      const { replayed, ...key } = unwrap(made);
      markReplayed(c, replayed);
      c.header('location', `${deps.origin}/v1/provider-keys/${key.id}`);
      return c.json(key, 201);
    },
  });

const replace = (deps: KeysDeps): Route =>
  route({
    ...contract.replaceProviderKey,
    async handle({ credential, params: { id }, body, idempotencyKey }, c) {
      const once = await onceOf(c, idempotencyKey, body);
      const plan = unwrap(await deps.db.prepareProviderKey(credential, { id, idempotency: once }));
      unwrap(checkKeyForm(deps, plan.provider, body));
      const away = plan.answered ? null : await sealAway(deps, plan, body);
      const request = away && { ...away.contents, version: plan.version };
      const replaced = await deps.db.replaceProviderKey(credential, id, request, once);
      if (isUnused(replaced)) await away?.takeBack();
      const { replayed, ...key } = unwrap(replaced);
      markReplayed(c, replayed);
      return c.json(key);
    },
  });

/** Whether what was sealed for a row has surely not become its own: no answer is no refusal. */
const isUnused = (written: Result<{ replayed: boolean }>) =>
  written.ok ? written.value.replayed : written.refusal.ambiguous !== true;

/** The secrets sealed for one version, and put away; what the row takes along, and what to do should it be refused. */
async function sealAway(deps: KeysDeps, plan: SealPlan, secrets: KeySecrets) {
  const context = contextOf({ ...plan, key_id: plan.id });
  const sealed = await sealKey(deps.keyring, context, secrets, plan.sibling);
  const row = await putAway(deps, plan, sealed);
  const contents = { ...row, fingerprint: await fingerprint(secrets.api_key), last4: last4(secrets.api_key) };
  return { contents, takeBack: () => takeBack(deps, plan, sealed, deps.log) };
}

const others = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.listProviderKeys,
    handle: async ({ credential, query }, c) => c.json(unwrap(await db.listProviderKeys(credential, query))),
  }),
  route({
    ...contract.showProviderKey,
    handle: async ({ credential, params }, c) => c.json(unwrap(await db.getProviderKey(credential, params.id))),
  }),
  route({
    ...contract.removeProviderKey,
    async handle({ credential, params }, c) {
      unwrap(await db.deleteProviderKey(credential, params.id));
      return c.body(null, 204);
    },
  }),
  route({
    ...contract.reorderProviderKeys,
    async handle({ credential, body, idempotencyKey }, c) {
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...keys } = unwrap(await db.reorderProviderKeys(credential, body.ids, once));
      markReplayed(c, replayed);
      return c.json(keys);
    },
  }),
];
