import { html } from 'hono/html';
import type { Mailboxes } from './mailboxes.ts';

const SHOWN = 20;

/** The inbox for a person: every name with its newest messages. `base` is the page's own path without a slash at the end. */
export function inboxPage({ names, list }: Mailboxes, base: string) {
  const sections = names().map(({ name, count }) => {
    const newest = list(name).slice(-SHOWN).reverse();
    return html`<section>
      <h2><a href="${base}/${encodeURIComponent(name)}">${name}</a> <small>${count}</small></h2>
      ${newest.map(({ received_at, headers, body }) => {
        const id = headers['webhook-id'] ?? '';
        return html`<details><summary><time>${received_at}</time> ${summary(body)} ${id}</summary><pre>${pretty(body)}</pre></details>`;
      })}
    </section>`;
  });
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>Inbox</title>
        <style>
          body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
          pre { background: #8882; padding: .75rem; overflow: auto; }
          small { color: #888; font-weight: normal; }
        </style>
      </head>
      <body>
        <h1>Inbox</h1>
        ${sections.length === 0 ? html`<p>Nothing has arrived yet. <code>POST ${base}/NAME</code> stores a message.</p>` : sections}
      </body>
    </html>`;
}

function summary(body: string): string {
  const { type } = parsed(body) as { type?: unknown };
  return typeof type === 'string' ? type : '';
}

function pretty(body: string): string {
  const value = parsed(body);
  return Object.keys(value).length === 0 ? body : JSON.stringify(value, null, 2);
}

function parsed(body: string): object {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}
