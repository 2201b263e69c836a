import { fal } from './fal.ts';
import { replicate } from './replicate.ts';
import type { ProviderModule } from './types.ts';

/** Every provider protocol we speak, by provider id. */
export const providers = { replicate, fal } satisfies Record<string, ProviderModule>;

export type ProviderId = keyof typeof providers;

/** The adapter of a provider, or undefined for an id that has none. */
export function findProvider(id: string): ProviderModule | undefined {
  return Object.hasOwn(providers, id) ? providers[id as ProviderId] : undefined;
}
