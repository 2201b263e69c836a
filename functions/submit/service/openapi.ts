import * as z from 'zod';
import { otherRoutes } from '../../../shared/contract/routes.ts';
import { publicRoute, type Route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { openApiDocument } from '../openapi/document.ts';

/** Made at the first request for it, from the very schemas that check requests. `routes` is read late: this one is among them. */
export const openApi = ({ settings }: Deps, routes: () => Route[]) => {
  let text: string | undefined;
  return publicRoute({
    method: 'get',
    path: '/openapi.json',
    tag: 'Service',
    summary: 'This API as OpenAPI 3.1',
    answers: { 200: { description: 'OpenAPI', schema: z.record(z.string(), z.unknown()) } },
    handle(c) {
      text ??= JSON.stringify(openApiDocument([...routes(), ...otherRoutes], settings.origin));
      return c.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
    },
  });
};
