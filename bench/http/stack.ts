import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { withClient } from '../../local/supabase/database.ts';
import { createClient } from '../../test/client.ts';
import { dropStateFolder, newStateFolder, runStack } from '../../test/run-stack.ts';
import { openSeam, type Seam } from '../../test/seam.ts';
import { databaseOf, type StackValues } from '../../test/stack-values.ts';
import type { Sound } from '../bench.ts';
import { violations } from '../sql/sound.ts';

const SERVICES = ['front', 'supabase', 'qstash', 'redis', 'replicate', 'cloudinary'] as const;
export type Service = (typeof SERVICES)[number];

/** The parts of `secrets.json` that a Worker of the bench is given. */
type Secrets = {
  supabase: { anon_key: string; role_tokens: Record<string, string> };
  qstash: { token: string };
  redis: { token: string };
};

export type BenchStack = ReturnType<typeof createClient> & {
  /** What stands between the Workers and each service; `front` between everybody and the Workers. */
  seams: Record<Service, Seam>;
  secrets: Secrets;
  /** As the database's superuser: row-level security hides other accounts' jobs from everybody else. */
  superuser: (sql: string) => Promise<pg.QueryResult>;
  /** Keeps the sweeps from running: they do once a minute what no job asked for. */
  pauseSweeps: () => void;
  check: () => Promise<Sound[]>;
  end: () => Promise<void>;
};

/** The stack as `npm start` runs it, with a seam before each service. */
export async function startBenchStack(log: (line: string) => void): Promise<BenchStack> {
  log('  starting the stack');
  const folder = newStateFolder();
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const values = () => read<StackValues>('stack.json');
  const targetOf = (service: Service) =>
    service === 'front' ? values().origin : (values().emulators[service] as string);
  const opened = SERVICES.map(async (service) => [service, await openSeam(() => targetOf(service))] as const);
  const seams = Object.fromEntries(await Promise.all(opened)) as Record<Service, Seam>;
  const origins = Object.fromEntries(SERVICES.map((service) => [service, seams[service].origin]));
  const running = await runStack(['--no-sample'], folder, 0, { DARKROOM_SEAMS: JSON.stringify(origins) });
  const client = createClient(values);
  return {
    ...client,
    seams,
    secrets: read('secrets.json'),
    superuser: (sql) => withClient(databaseOf(running).superuser_url, (client) => client.query(sql)),
    pauseSweeps: () => seams.front.treat(({ path }) => (path === '/internal/sweep' ? 'cut' : 'pass')),
    async check() {
      seams.front.treat(() => 'pass');
      await sleep(1_500);
      return [{ database: 'stack', ...(await violations(databaseOf(running).superuser_url)) }];
    },
    async end() {
      await client.pool().end();
      await running.stop();
      for (const seam of Object.values(seams)) seam.close();
      dropStateFolder(folder);
    },
  };
}
