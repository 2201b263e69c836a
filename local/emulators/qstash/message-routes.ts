import { type Context, Hono } from 'hono';
import type { Service } from './service.ts';
import type { State } from './state.ts';
import { filterOf, matches, messageView } from './views.ts';

/** `GET` and `DELETE /messages/{id}` and the bulk `DELETE /messages`, below `/v2`. */
export function messageRoutes(service: Service, state: State): Hono {
  const app = new Hono();

  app.get('/messages/:id', (c) => {
    const message = state.messages.get(c.req.param('id'));
    return message === undefined ? notFound(c) : c.json(messageView(message));
  });

  app.delete('/messages/:id', (c) => {
    return service.cancel(c.req.param('id')) ? c.json({ cancelled: 1 }) : notFound(c);
  });

  app.delete('/messages', (c) => {
    const filter = filterOf(c);
    const count = Number(c.req.query('count') ?? Number.POSITIVE_INFINITY);
    const found = state.messages
      .all()
      .filter((message) => matches(messageView(message), filter, 'messageIds', 'messageId'));
    const canceled = found.slice(0, count).filter(({ messageId }) => service.cancel(messageId));
    return c.json({ cancelled: canceled.length });
  });

  return app;
}

function notFound(c: Context): Response {
  return c.json({ error: `message ${c.req.param('id')} not found` }, 404);
}
