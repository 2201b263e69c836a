import './quiet-wrangler.ts';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import type { Bundles } from './bundles.ts';
import { type WorkerName, workerNames } from './names.ts';
import { projectRoot } from './state-folder.ts';

export type WorkerEnv = Record<WorkerName, Record<string, string>>;

type LogLine = { timestamp: number; level: string; message: string };
type MiniflareInstance = { ready: Promise<URL>; dispose: () => Promise<void> };
type MiniflareModule = {
  Miniflare: new (options: unknown) => MiniflareInstance;
  convertV4MiniflareOptions: (options: Record<string, unknown>) => unknown;
};

/**
 * Wrangler's own Miniflare. Its `createTestHarness` would be the official door, but that one sends every outgoing request
 * of a Worker through Node's `fetch`: a reset connection arrives as a 500 and redirects are followed, so the tests would
 * see other failures than production does.
 */
const { Miniflare, convertV4MiniflareOptions } = createRequire(createRequire(import.meta.url).resolve('wrangler'))(
  'miniflare',
) as MiniflareModule;

type Options = {
  bundles: Bundles;
  env: WorkerEnv;
  onLog: (line: LogLine) => void;
  /** After a crash of workerd, which is started again on the same port. */
  onRestart: () => void;
};

/** Runs the four Workers in one workerd on a loopback port of its own choice; it dispatches by the routes of `wrangler.toml`. */
export async function startWorkers({
  bundles,
  env,
  onLog,
  onRestart,
}: Options): Promise<{ port: number; stop: () => Promise<void> }> {
  const workers = workerNames.map((name) => workerOptions(name, bundles[name], env[name]));
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers,
      host: '127.0.0.1',
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: onLog,
      unsafeHandleRuntimeRestart: onRestart,
    }),
  );
  const url = await runtime.ready;
  return { port: Number(url.port), stop: () => runtime.dispose() };
}

function workerOptions(name: WorkerName, folder: string, env: Record<string, string>) {
  const configPath = join(projectRoot, 'wrangler.toml');
  const config = unstable_readConfig({ config: configPath, env: name });
  const { workerOptions: options } = unstable_getMiniflareWorkerOptions(configPath, name);
  return {
    name: config.name,
    compatibilityDate: options.compatibilityDate,
    compatibilityFlags: options.compatibilityFlags,
    serviceBindings: options.serviceBindings,
    assets: options.assets,
    modules: [{ type: 'ESModule', path: join(folder, 'index.js') }],
    modulesRoot: folder,
    // Not `options.bindings`: Wrangler puts all of `.dev.vars` there, for every Worker.
    bindings: { ...(config.vars as Record<string, string>), ...env },
    routes: (config.routes ?? []).map(localRoute),
  };
}

/** `api.example.com/hooks/*` on any host: the front door is reached by an address, a name or a tunnel. */
function localRoute(route: string | { pattern: string }): string {
  const pattern = typeof route === 'string' ? route : route.pattern;
  return `*${pattern.slice(pattern.indexOf('/'))}`;
}
