import { otherRoutes } from '../../../shared/contract/routes.ts';
import { publicRoute, type Route } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';
import { openApiDocument } from '../openapi/document.ts';

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
    handle(c) {
      text ??= documentOf(routes(), settings.origin);
      return c.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
    },
  });
};

const documentOf = (routes: Route[], origin: string): string =>
  JSON.stringify(openApiDocument([...routes, ...otherRoutes()], origin));
