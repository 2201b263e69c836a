import { join } from 'node:path';
import type { Bundles } from './bundles.ts';
import { type WorkerName, workerNames } from './names.ts';
import type { LogLine, Runtime } from './runtime.ts';
import { projectRoot } from './state-folder.ts';

export type WorkerEnv = Record<WorkerName, Record<string, string>>;

type Options = {
  runtime: Runtime;
  bundles: Bundles;
  env: WorkerEnv;
  onLog: (line: LogLine) => void;
  /** After a crash of workerd, which is started again on the same port. */
  onRestart: () => void;
};

export type Workers = { port: number; stop: () => Promise<void> };

/** Runs the four Workers in one workerd on a loopback port of its own choice; it dispatches by the routes of `wrangler.toml`. */
export async function startWorkers({ runtime, bundles, env, onLog, onRestart }: Options): Promise<Workers> {
  const workers = workerNames.map((name) => workerOptions(runtime, name, bundles[name], env[name]));
  const miniflare = new runtime.Miniflare(
    runtime.convertV4MiniflareOptions({
      workers,
      host: '127.0.0.1',
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: onLog,
      unsafeHandleRuntimeRestart: onRestart,
    }),
  );
  const url = await miniflare.ready;
  return { port: Number(url.port), stop: () => miniflare.dispose() };
}

function workerOptions(runtime: Runtime, name: WorkerName, folder: string, env: Record<string, string>) {
  const configPath = join(projectRoot, 'wrangler.toml');
  const config = runtime.unstable_readConfig({ config: configPath, env: name });
  const { workerOptions: options } = runtime.unstable_getMiniflareWorkerOptions(configPath, name);
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
