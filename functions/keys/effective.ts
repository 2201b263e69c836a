import { findModel, isRetired, models } from '../../shared/catalog/models.ts';
import { profilesOf } from '../../shared/catalog/profiles.ts';
import type { Model } from '../../shared/catalog/types.ts';
import { effectiveSetting } from '../../shared/contract/provider-settings.ts';
import type { Effective, KnownRoute } from '../../shared/db/key-service/settings.ts';
import { customEndpoints } from '../../shared/env/provider-variables.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `GET /v1/provider-settings/effective`: what a job would take, by the same resolution that accepts jobs. */
export const effectiveRoute = ({ db, env, origin, now }: KeysDeps): Route =>
  route({
    ...effectiveSetting,
    async handle({ credential, query: { operation, project_id, ...request } }, c) {
      const known = knownRoutes(operation, request.model, now());
      const answer = await db.effectiveSettings(credential, operation, project_id ?? null, request, known);
      const effective = withEnvironment(unwrap(answer), customEndpoints(env));
      return c.json({ ...effective, settings_url: origin + effective.settings_url });
    },
  });

/** What the catalogue has for a kind of work: the best route of each model first. A model's own routes where one is named. */
function knownRoutes(operation: string, name: string | undefined, now: number): KnownRoute[] {
  const named = name === undefined ? undefined : findModel(name);
  if (named?.pinnedRoute) return [routeOf(named.model, named.pinnedRoute)];
  const wanted = named
    ? [named.model]
    : models.filter((model) => model.operation === operation && !isRetired(model, now));
  const ranked = wanted.flatMap((model) =>
    model.routes.filter((route) => !route.pinned_only).map((route, rank) => ({ rank, known: routeOf(model, route) })),
  );
  return ranked.sort((one, two) => one.rank - two.rank).map(({ known }) => known);
}

const routeOf = ({ id }: Model, { provider, model }: Model['routes'][number]): KnownRoute => ({
  provider,
  provider_model: model,
  profiles: profilesOf(provider, model),
  model: id,
});

/** The platform's own models stand in variables that the database does not know. */
function withEnvironment(effective: Effective, endpoints: Record<string, string>): Effective {
  const value = effective.provider.value === 'modal' ? endpoints[effective.operation] : undefined;
  if (value === undefined || effective.endpoint_url) return effective;
  return { ...effective, endpoint_url: { value, origin: 'environment' } };
}
