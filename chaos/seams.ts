import { openProxy, type SeamProxy } from './proxy.ts';
import type { StackFile } from './stack.ts';

/**
 * Where requests cross from one part to another. `client`: clients → submit. `public`: QStash, providers and the Workers
 * themselves → worker and callback (wake-ups, webhooks, callbacks, sweeps). `supabase`, `qstash`, `redis`, `replicate`, `fal`,
 * `cloudinary`: the Workers → that service; what `keys` asks of the database is how worker → keys is broken. `inbox`: callback → partner.
 */
export const seamNames = [
  'client',
  'public',
  'supabase',
  'qstash',
  'redis',
  'replicate',
  'fal',
  'cloudinary',
  'inbox',
] as const;
export type SeamName = (typeof seamNames)[number];
export type Seams = Record<SeamName, SeamProxy>;

export async function openSeams(): Promise<Seams> {
  const proxies = await Promise.all(seamNames.map(openProxy));
  return Object.fromEntries(proxies.map((proxy) => [proxy.name, proxy])) as Seams;
}

/** What the stack gives its Workers in place of the services' own addresses. */
export function seamEnvironment({ client: _, public: front, ...services }: Seams): string {
  const origins = Object.entries(services).map(([name, { origin }]) => [name, origin]);
  return JSON.stringify({ front: front.origin, ...Object.fromEntries(origins) });
}

/** Leads every seam to the running stack. */
export function connectSeams(seams: Seams, { origin, inbox, emulators }: StackFile): void {
  for (const [name, proxy] of Object.entries(seams)) {
    proxy.target(name === 'client' || name === 'public' ? origin : name === 'inbox' ? inbox : emulators[name]);
  }
}

export async function closeSeams(seams: Seams): Promise<void> {
  await Promise.all(Object.values(seams).map((seam) => seam.close()));
}
