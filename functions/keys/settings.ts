import { findProviderInfo } from '../../shared/catalog/providers.ts';
import { pageOf } from '../../shared/contract/lists.ts';
import * as contract from '../../shared/contract/provider-settings.ts';
import type { SettingRow, SettingValue } from '../../shared/db/key-service/settings.ts';
import { type FieldError, unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type AppContext, type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';
import { etagOf, ifMatchOf } from './etag.ts';
import { demand, endpointErrors } from './key-forms.ts';

/** `/v1/provider-settings`: which provider, model and address a kind of work goes to, per project, organisation and user. */
export const settingRoutes = (deps: KeysDeps): Route[] => [put(deps), bringOver(deps), ...others(deps)];

const put = (deps: KeysDeps): Route =>
  route({
    ...contract.putSetting,
    async handle({ credential, params, body }, c) {
      demand(settingErrors(deps, body));
      return answer(c, unwrap(await deps.db.putSetting(credential, params, body, ifMatchOf(c))));
    },
  });

const bringOver = (deps: KeysDeps): Route =>
  route({
    ...contract.importSettings,
    async handle({ credential, body, idempotencyKey }, c) {
      demand(body.settings.flatMap((setting, at) => settingErrors(deps, setting, `settings[${at}].`)));
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...imported } = unwrap(await deps.db.importSettings(credential, body.settings, once));
      markReplayed(c, replayed);
      return c.json(imported);
    },
  });

const others = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.showSetting,
    async handle({ credential, params: { scope, scope_id, operation } }, c) {
      return answer(c, unwrap(await db.getSetting(credential, scope, scope_id, operation)));
    },
  }),
  route({
    ...contract.removeSetting,
    async handle({ credential, params }, c) {
      unwrap(await db.deleteSetting(credential, params, ifMatchOf(c)));
      return c.body(null, 204);
    },
  }),
  route({
    ...contract.listSettings,
    async handle({ credential, query: { scope, scope_id, ...page } }, c) {
      const { data } = unwrap(await db.listSettings(credential, { scope, scope_id }));
      return c.json(pageOf(data, page, ({ version }) => String(version)));
    },
  }),
];

function answer(c: AppContext, setting: SettingRow): Response {
  c.header('etag', etagOf(setting));
  return c.json(setting);
}

function settingErrors(deps: KeysDeps, { provider, endpoint_url }: SettingValue, prefix = ''): FieldError[] {
  const unknown = { path: `${prefix}provider`, message: 'There is no such provider' };
  return [
    ...(findProviderInfo(provider) ? [] : [unknown]),
    ...(endpoint_url ? endpointErrors(deps, endpoint_url, `${prefix}endpoint_url`) : []),
  ];
}
