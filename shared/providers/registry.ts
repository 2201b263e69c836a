import type { ProviderModule } from './types.ts';

/** Every provider protocol we speak, by provider id. A vendor's SDK is evaluated when its provider is first used: most starts use none. */
const providers = {
  replicate: async () => (await import('./replicate.ts')).replicate,
  fal: async () => (await import('./fal.ts')).fal,
} satisfies Record<string, () => Promise<ProviderModule>>;

/** Whether there is an adapter for this provider. */
export const hasProvider = (id: string): id is keyof typeof providers => Object.hasOwn(providers, id);

/** The adapter of a provider, or undefined for an id that has none. */
export async function findProvider(id: string): Promise<ProviderModule | undefined> {
  return hasProvider(id) ? providers[id]() : undefined;
}
