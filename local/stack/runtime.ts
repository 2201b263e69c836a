import { createRequire } from 'node:module';

export type LogLine = { timestamp: number; level: string; message: string };
type MiniflareInstance = { ready: Promise<URL>; dispose: () => Promise<void> };
type MiniflareModule = {
  Miniflare: new (options: unknown) => MiniflareInstance;
  convertV4MiniflareOptions: (options: Record<string, unknown>) => unknown;
};
export type Runtime = MiniflareModule &
  Pick<typeof import('wrangler'), 'unstable_getMiniflareWorkerOptions' | 'unstable_readConfig'>;

/**
 * Wrangler and its own Miniflare, half a second to load. Wrangler's `createTestHarness` would be the official door, but that
 * one sends every outgoing request of a Worker through Node's `fetch`: a reset connection arrives as a 500 and redirects are
 * followed, so that tests would see other failures than production does.
 */
export async function loadRuntime(): Promise<Runtime> {
  // It warns of what is missing in `.dev.vars`; here the stack gives every Worker its secrets.
  process.env.WRANGLER_LOG ??= 'error';
  process.env.WRANGLER_SEND_METRICS ??= 'false';
  const wrangler = await import('wrangler');
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'));
  return { ...wrangler, ...(fromWrangler('miniflare') as MiniflareModule) };
}
