import { publicRoute } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';

export const health = () =>
  publicRoute({
    method: 'get',
    path: '/health',
    tag: 'Service',
    summary: 'Whether this Worker is alive; asks nobody else',
    answers: { 200: { description: 'Alive', schema: () => z.object({ status: z.literal('ok') }) } },
    handle: (c) => c.json({ status: 'ok' }),
  });
