import { type Context, Hono } from 'hono';
import type { Message } from './message.ts';
import type { Service } from './service.ts';
import { randomId } from './signature.ts';
import type { DeadLetter, State } from './state.ts';
import { filterOf, matches, messageView } from './views.ts';

const PAGE = 100;

/** The dead-letter queue's routes, below `/v2`. */
export function dlqRoutes(service: Service, state: State, now: () => number): Hono {
  const app = new Hono();
  const letters = state.deadLetters;

  app.get('/dlq', (c) => {
    const { page, cursor } = select(c);
    return c.json({ messages: page.map(letterView), cursor });
  });

  app.get('/dlq/:id', (c) => {
    const letter = letters.get(c.req.param('id'));
    return letter === undefined ? notFound(c) : c.json(letterView(letter));
  });

  app.delete('/dlq/:id', (c) => (letters.delete(c.req.param('id')) ? c.body(null, 200) : notFound(c)));

  app.delete('/dlq', (c) => {
    const { page, cursor } = select(c);
    return c.json({ deleted: page.filter(({ dlqId }) => letters.delete(dlqId)).length, cursor });
  });

  app.post('/dlq/retry/:id', (c) => {
    const letter = letters.get(c.req.param('id'));
    return letter === undefined ? notFound(c) : c.json(revive(letter), 201);
  });

  app.post('/dlq/retry', (c) => {
    const { page, cursor } = select(c);
    if (page.length === 0 && c.req.query('dlqIds') !== undefined) return notFound(c);
    return c.json({ responses: page.map(revive), cursor }, 201);
  });

  // The cursor is the last id that was returned: it holds when what it passed is deleted.
  function select(c: Context): { page: DeadLetter[]; cursor: string } {
    const filter = filterOf(c);
    const after = c.req.query('cursor') ?? '';
    const found = letters
      .all()
      .filter((letter) => letter.dlqId > after && matches(letterView(letter), filter, 'dlqIds', 'dlqId'))
      .sort((a, b) => (a.dlqId < b.dlqId ? -1 : 1));
    const page = found.slice(0, Math.min(PAGE, Number(c.req.query('count') ?? PAGE)));
    return { page, cursor: page.length < found.length ? (page.at(-1)?.dlqId ?? '') : '' };
  }

  // A retried dead letter is a new message with the same content.
  function revive(letter: DeadLetter): { messageId: string } {
    const { dlqId, responseStatus, responseHeader, responseBody, ...rest } = letter;
    const message: Message = { ...rest, messageId: `msg_${randomId()}`, retried: 0, createdAt: now(), dueAt: now() };
    service.accept(message);
    letters.delete(dlqId);
    return { messageId: message.messageId };
  }

  return app;
}

const letterView = (letter: DeadLetter): Record<string, unknown> => messageView(letter);

function notFound(c: Context): Response {
  return c.json({ error: `message ${c.req.param('id') ?? c.req.query('dlqIds')} not found in dlq` }, 404);
}
