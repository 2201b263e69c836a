import { findModel } from '../../shared/catalog/models.ts';
import { profiles } from '../../shared/catalog/profiles.ts';
import { providerInfos } from '../../shared/catalog/providers.ts';

/**
 * The providers that somebody means by a provider's id or name, a pool of keys, a model of the catalogue, a provider's own model id, or
 * an offering such as `openrouter-flux-1.1-pro`. All of them for nothing; none for a name that nobody knows.
 */
export function wantedProviders(name?: string): string[] {
  const ids = providerInfos.map(({ id }) => id);
  if (!name) return ids;
  const info = providerInfos.find(({ id, name: known }) => [id, known.toLowerCase()].includes(name.toLowerCase()));
  if (info) return [info.id];
  const found = findModel(name);
  if (found)
    return [...new Set((found.pinnedRoute ? [found.pinnedRoute] : found.model.routes).map((route) => route.provider))];
  if (Object.hasOwn(profiles, name)) return [profiles[name]?.provider ?? ''];
  return ids.filter((id) => name.startsWith(`${id}-`));
}

/** The providers of several names, each once; all of them for no name. `unknown` are the names that nobody knows. */
export function wantedOfAll(names: readonly string[]): { providers: string[]; unknown: string[] } {
  if (names.length === 0) return { providers: wantedProviders(), unknown: [] };
  const found = names.map((name) => ({ name, providers: name === '' ? [] : wantedProviders(name) }));
  return {
    providers: [...new Set(found.flatMap(({ providers }) => providers))],
    unknown: found.filter(({ providers }) => providers.length === 0).map(({ name }) => name),
  };
}
