import { models } from '../../../shared/catalog/models.ts';
import { type ProviderInfo, providerInfos } from '../../../shared/catalog/providers.ts';
import { Provider } from '../../../shared/contract/catalogue.ts';
import type { ProviderStats } from '../../../shared/db/submit.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

const Providers = () =>
  z.object({
    data: z.array(Provider()),
    stats: z.object({ total: z.int(), free: z.int(), available: z.int() }),
  });

export const listProviders = ({ db }: Deps) =>
  route({
    method: 'get',
    path: '/v1/providers',
    tag: 'Catalogue',
    summary: 'Providers: what they serve, whether they can be used, how they did',
    answers: { 200: { description: 'The providers', schema: Providers } },
    async handle({ credential }, c) {
      const stats = new Map(unwrap(await db.providerStats(credential)).map((row) => [row.provider, row]));
      const data = providerInfos.map((info) => providerOf(info, stats.get(info.id)));
      const count = (is: (provider: Provider) => boolean) => data.filter(is).length;
      return c.json({
        data,
        stats: { total: data.length, free: count(({ free }) => free), available: count(({ available }) => available) },
      });
    },
  });

function providerOf(info: ProviderInfo, stats?: ProviderStats): Provider {
  return {
    ...info,
    models: models.filter((model) => model.routes.some(({ provider }) => provider === info.id)).map(({ id }) => id),
    available: stats?.available ?? false,
    uses: stats?.uses ?? 0,
    successes: stats?.successes ?? 0,
    failures: stats?.failures ?? 0,
    mean_ms: stats?.mean_ms ?? null,
    p95_ms: stats?.p95_ms ?? null,
    last_used_at: stats?.last_used_at ?? null,
    circuit: stats?.circuit ?? 'closed',
  };
}
