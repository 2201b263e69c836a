import { publicRoute, type Route } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

/**
 * Made at the first request for it, from the very schemas that check requests. `routes` is read late: this one is among them. The other
 * Workers' schemas are evaluated then as well: no start of this one waits for them.
 */
export const openApi = ({ settings }: Deps, routes: () => Route[]) => {
  let text: string | undefined;
  return publicRoute({
    method: 'get',
    path: '/openapi.json',
    tag: 'Service',
    summary: 'This API as OpenAPI 3.1',
    answers: { 200: { description: 'OpenAPI', schema: () => z.record(z.string(), z.unknown()) } },
    async handle(c) {
      text ??= await documentOf(routes(), settings.origin);
      return c.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
    },
  });
};

async function documentOf(routes: Route[], origin: string): Promise<string> {
  const [{ openApiDocument }, { otherRoutes }] = await Promise.all([
    import('../openapi/document.ts'),
    import('../../../shared/contract/routes.ts'),
  ]);
  return JSON.stringify(openApiDocument([...routes, ...otherRoutes], origin));
}
