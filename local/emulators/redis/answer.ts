import type { Context } from 'hono';
import type { Executor, Reply } from './execute.ts';
import { type Parsed, parseCommand } from './request.ts';

type Execute = (words: string[]) => Promise<Reply>;

/** Answers one command; its error is a 400. */
export async function answer(c: Context, parsed: Parsed, execute: Execute): Promise<Response> {
  const reply = 'error' in parsed ? parsed : await execute(parsed.words);
  return respond(c, reply, 'error' in reply ? 400 : 200);
}

/**
 * Answers a pipeline or, with `refusal`, a transaction, which runs wholly or not at all. Every command is begun before the
 * first is awaited, so that nothing comes between them.
 */
export async function answerAll(
  c: Context,
  execute: Execute,
  refusal: Executor['refusal'] = () => undefined,
): Promise<Response> {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (!Array.isArray(body) || body.length === 0)
    return respond(c, { error: 'ERR failed to parse pipeline request' }, 400);
  const parsed = body.map(parseCommand);
  const refused = parsed.map((command) => ('error' in command ? command.error : refusal(command.words)));
  const error = refused.find((reason) => reason !== undefined);
  if (error !== undefined) return respond(c, { error }, 400);
  return respond(c, await Promise.all(parsed.map((command) => execute('words' in command ? command.words : []))), 200);
}

function respond(c: Context, reply: Reply | Reply[], status: 200 | 400): Response {
  const encoded = c.req.header('upstash-encoding') === 'base64';
  c.header('Upstash-Sync-Token', 'local');
  return c.json(encoded ? (Array.isArray(reply) ? reply.map(encode) : encode(reply)) : reply, status);
}

function encode(reply: Reply): Reply {
  return 'error' in reply ? reply : { result: toBase64(reply.result) };
}

function toBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBase64);
  return typeof value === 'string' && value !== 'OK' ? Buffer.from(value).toString('base64') : value;
}
