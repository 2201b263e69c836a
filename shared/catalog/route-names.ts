import { models } from './models.ts';
import { profiles, profilesOf } from './profiles.ts';
import { findProviderInfo } from './providers.ts';
import type { Route } from './types.ts';

/** Whether a job's wish means this route: names are a provider's id, a profile's, or a provider's model id. */
export function isNamed(route: Route, name: string): boolean {
  return name === route.provider || name === route.model || profilesOf(route.provider, route.model).includes(name);
}

const providerModels = new Set(models.flatMap(({ routes }) => routes.map(({ model }) => model)));

/** Whether a wish may mean anything at all, be it for another model: a provider without a route today is still known. */
export function isKnownName(name: string): boolean {
  return findProviderInfo(name) !== undefined || Object.hasOwn(profiles, name) || providerModels.has(name);
}
