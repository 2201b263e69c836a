import { once } from '../../../shared/async/once.ts';
import { ERRORS } from '../../../shared/errors/codes.ts';
import { refuse } from '../../../shared/errors/result.ts';
import { publicRoute } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

const html = { schema: () => z.string(), contentType: 'text/html' };

/** Everything from our own origin: no script, font or style of anybody else. Scalar styles itself inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The script is a static file beside the Worker: with 4 MB it is far too large for a bundle. */
const REFERENCE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Darkroom API</title>
  </head>
  <body>
    <script id="api-reference" type="application/json" data-url="/openapi.json" data-configuration='{"withDefaultFonts":false,"telemetry":false}'></script>
    <script src="/docs/standalone.js"></script>
    <noscript>The reference needs JavaScript; <a href="/openapi.json">the OpenAPI document</a> does not.</noscript>
  </body>
</html>
`;

export const docs = () =>
  publicRoute({
    method: 'get',
    path: '/docs',
    tag: 'Service',
    summary: 'The API reference as a page',
    answers: { 200: { description: 'HTML', ...html } },
    handle: (c) => c.html(REFERENCE, 200, { 'content-security-policy': POLICY }),
  });

/** The edge answers this before the Worker where static files come first; elsewhere it is us. */
export const docsScript = ({ asset }: Deps) =>
  publicRoute({
    method: 'get',
    path: '/docs/standalone.js',
    tag: 'Service',
    summary: 'The script of the API reference',
    answers: { 200: { description: 'JavaScript', schema: () => z.string(), contentType: 'text/javascript' } },
    async handle(c) {
      const file = await asset(c.req.path);
      if (!file.ok) refuse({ code: 'not_found' });
      const headers = { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=86400' };
      return new Response(file.body, { headers });
    },
  });

/** What `type` of every problem links to. */
export const docsErrors = () =>
  publicRoute({
    method: 'get',
    path: '/docs/errors',
    tag: 'Service',
    summary: 'Every error code, what it means and what to do',
    answers: { 200: { description: 'HTML', ...html } },
    handle: (c) => c.html(errorPage(), 200, { 'content-security-policy': POLICY }),
  });

const errorPage = once(
  () => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Darkroom: errors</title></head>
  <body>
    <h1>Errors</h1>
    ${Object.entries(ERRORS).map(entry).join('\n    ')}
  </body>
</html>
`,
);

function entry([code, { status, title, retryable, docs: text }]: [
  string,
  (typeof ERRORS)[keyof typeof ERRORS],
]): string {
  const advice = text.replace(/`([^`]+)`/g, '<code>$1</code>');
  return `<section id="${code}"><h2>${code}</h2><p>${status} ${title} · ${retryable ? 'retryable' : 'not retryable'}</p><p>${advice}</p></section>`;
}
