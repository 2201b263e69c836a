import { publicRoute } from '../../../shared/http/route.ts';
import type { Of } from '../../../shared/schema/build.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';
import { VERSION } from '../version.ts';

const Dependency = () => z.enum(['ok', 'down']);

const Ready = () =>
  z.object({
    status: z.enum(['ready', 'unavailable']),
    version: z.string(),
    migration: z.nullable(z.string()),
    oldest_wakeup_seconds: z.nullable(z.number()),
    oldest_delivery_seconds: z.nullable(z.number()),
    oldest_overdue_seconds: z.nullable(z.number()),
    clock: z.nullable(z.string()),
    dependencies: z.object({ database: Dependency(), redis: Dependency() }),
  });

/** Redis may be down and the service still be ready: it limits reads and caches, nothing else. */
export const ready = ({ db, readLimits }: Deps) =>
  publicRoute({
    method: 'get',
    path: '/ready',
    tag: 'Service',
    summary: 'Whether the service can work, and how far behind it is',
    answers: { 200: { description: 'Ready', schema: Ready }, 503: { description: 'Not ready', schema: Ready } },
    async handle(c) {
      const [database, redis] = await Promise.all([db.ready(), readLimits('ready')]);
      const facts = database.ok ? database.value : null;
      const body: Of<typeof Ready> = {
        status: facts ? 'ready' : 'unavailable',
        version: VERSION,
        migration: facts?.migration ?? null,
        oldest_wakeup_seconds: facts?.oldest_wakeup_seconds ?? null,
        oldest_delivery_seconds: facts?.oldest_delivery_seconds ?? null,
        oldest_overdue_seconds: facts?.oldest_overdue_seconds ?? null,
        clock: facts?.clock ?? null,
        dependencies: { database: facts ? 'ok' : 'down', redis: redis ? 'ok' : 'down' },
      };
      return c.json(body, facts ? 200 : 503);
    },
  });
