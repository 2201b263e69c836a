import { join } from 'node:path';
import { type Bundles, bundleWorkers } from './bundles.ts';
import type { StackContext } from './context.ts';
import { startDatabase } from './database.ts';
import { type DevVars, readDevVars } from './dev-vars.ts';
import { type Origins, workerEnvironment } from './environment.ts';
import { openFrontDoor } from './front-door.ts';
import { recordChildren } from './leftovers.ts';
import { openLog } from './log-file.ts';
import { openProject } from './project-database.ts';
import { realityLine } from './reality-line.ts';
import { loadRuntime, type Runtime } from './runtime.ts';
import { readSeams, throughSeams } from './seams.ts';
import type { Secrets } from './secrets.ts';
import { seed } from './seed.ts';
import { startServices } from './services.ts';
import { describeStack, type StackFile } from './stack-file.ts';
import { writeState } from './state-folder.ts';
import { supabaseProject } from './supabase-project.ts';
import { postSigned, startSweeps } from './sweeps.ts';
import { takeOver } from './take-over.ts';
import { startWorkers, type WorkerEnv } from './workers.ts';

/** Everything. Resolves when `stack.json` is written and the front door is open; nothing answers there before. */
export async function startStack(context: StackContext, { takeDatabase = false } = {}): Promise<Started> {
  const { state, progress, cleanup } = context;
  const { ALLOWED_ORIGINS } = process.env;
  const vars: DevVars = { ...readDevVars(), ...(ALLOWED_ORIGINS && { ALLOWED_ORIGINS }) };
  const project = supabaseProject(vars);
  const { ports, frontPort, secrets } = await takeOver(context);
  const [runtime, bundles, databaseUrl] = await Promise.all([
    loadRuntime(),
    progress.step(
      'Workers bundled',
      () => bundleWorkers(state),
      ({ cached }) => `Workers bundled${cached ? ': unchanged' : ' by wrangler'}`,
    ),
    project
      ? openProject(context, { project, secrets, takeDatabase })
      : startDatabase(context, ports.postgres as number, secrets),
  ]);
  const services = await progress.step(
    'Emulators',
    () => startServices({ state, secrets, ports, supabaseUrl: project?.url }),
    ({ names }) => `Emulators: ${names.join(', ')}`,
  );
  cleanup.add(services.stop);
  await progress.step('Demo account', () => seed(databaseUrl, secrets, { users: project === undefined }));
  const origins: Origins = { front: `http://127.0.0.1:${frontPort}`, ...services.origins };
  const seams = readSeams();
  const env = throughSeams(
    workerEnvironment({ origins, secrets, vars, queueKeys: services.queueKeys }),
    origins,
    seams,
  );
  const stack = await describeStack({ origins, databaseUrl, secrets, project });
  writeState(state.stack, stack);
  await progress.step(
    'Workers',
    () => openWorkers(context, { runtime, bundles, env, secrets, frontPort }),
    () => `Workers in workerd: ${Object.keys(env).join(', ')}`,
  );
  const sweepUrl = `${seams.front ?? stack.origin}/internal/sweep`;
  const sweeps = startSweeps(sweepUrl, secrets.internal_signing_secret, openLog(join(state.logs, 'sweeps.log')));
  cleanup.add(sweeps.stop);
  const real = realityLine(vars);
  if (real !== undefined) progress.line(`  ${real}`);
  return { stack, secrets };
}

type Started = { stack: StackFile; secrets: Secrets };

type Opening = { runtime: Runtime; bundles: Bundles; env: WorkerEnv; secrets: Secrets; frontPort: number };

async function openWorkers(
  { state, cleanup }: StackContext,
  { runtime, bundles, env, secrets, frontPort }: Opening,
): Promise<void> {
  const log = openLog(join(state.logs, 'workers.log'));
  const onLog = ({ level, message }: { level: string; message: string }) => log(`${level} ${message}`);
  const record = () => recordChildren(state);
  // Written down as soon as it is there: a kill may come before it is ready.
  const recording = setInterval(record, 50);
  const starting = startWorkers({ runtime, bundles, env, onLog, onRestart: record });
  const workers = await starting.finally(() => clearInterval(recording));
  cleanup.add(workers.stop);
  record();
  await mirrorKeys(workers.port, secrets);
  cleanup.add((await openFrontDoor(frontPort, workers.port)).close);
}

/** The platform's keys stand in the environment of `keys`; the database learns which ones there are. */
async function mirrorKeys(port: number, { internal_signing_secret: secret }: Secrets): Promise<void> {
  const response = await postSigned(`http://127.0.0.1:${port}/internal/keys/mirror`, secret, `mirror_${Date.now()}`);
  if (!response.ok) throw new Error(`The Worker "keys" mirrored no keys: ${response.status} ${await response.text()}`);
}
