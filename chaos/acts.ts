import { setTimeout as sleep } from 'node:timers/promises';
import type { Act } from './proxy.ts';
import type { Exchange, Reply } from './wire.ts';

/** What can go wrong with one request on its way. Each counts only once it has really happened. */

/** Never delivered. */
export const dropBefore: Act = async (_exchange, _forward, { happened }) => {
  happened();
  return { cut: true };
};

/** Delivered and done; the answer is lost. */
export const dropAfter: Act = async (_exchange, forward, { happened }) => {
  await forward();
  happened();
  return { cut: true };
};

/** Delivered and done; the answer breaks off in the middle. */
export const truncate: Act = async (_exchange, forward, { happened }) => {
  const reply = await forward();
  happened();
  return { half: reply };
};

export const delay =
  (ms: number): Act =>
  async (_exchange, forward, { happened, released }) => {
    await pause(ms, released);
    const reply = await forward();
    happened();
    return reply;
  };

/** Delivered at once and answered late: until `until` resolves, at most `ms`. Counts if that came first. */
export const answerLate =
  (ms: number, until: (exchange: Exchange) => Promise<unknown>): Act =>
  async (exchange, forward, { happened, released }) => {
    const waited = until(exchange).then(() => true);
    const reply = await forward();
    if (await Promise.race([waited, pause(ms, released).then(() => false)])) happened();
    return reply;
  };

/** Delivered `copies` times at the same moment; the first answer is passed on. */
export const duplicate =
  (copies: number): Act =>
  async (_exchange, forward, { happened }) => {
    const replies = Array.from({ length: copies }, () => forward());
    const settled = await Promise.allSettled(replies);
    const answered = settled.filter((result) => result.status === 'fulfilled');
    if (answered.length > 1) happened();
    return answered[0]?.value ?? { cut: true };
  };

/** Held until another request of the same rule has passed, at most two seconds. Arm it for two requests. */
export function reorder(): Act {
  let passed: (() => void) | undefined;
  return async (_exchange, forward, { happened, released }) => {
    if (passed === undefined) {
      const overtaken = new Promise<boolean>((resolve) => {
        passed = () => resolve(true);
      });
      const wasOvertaken = await Promise.race([overtaken, pause(2_000, released).then(() => false)]);
      const reply = await forward();
      if (wasOvertaken) happened();
      return reply;
    }
    const reply = await forward();
    passed();
    return reply;
  };
}

/** Not delivered; somebody on the way answers in its place. */
export const answerInstead =
  (status: number, body: unknown, headers: Record<string, string> = {}): Act =>
  async (_exchange, _forward, { happened }) => {
    happened();
    return reply(status, body, headers);
  };

/** Delivered and done; somebody on the way answers something else. */
export const answerAfter =
  (status: number, body: unknown, headers: Record<string, string> = {}): Act =>
  async (_exchange, forward, { happened }) => {
    await forward();
    happened();
    return reply(status, body, headers);
  };

/** The answer is changed; undefined: it is not one to change, and the turn goes to the next. */
export const rewrite =
  (change: (reply: Reply) => unknown): Act =>
  async (_exchange, forward, { happened, decline }) => {
    const original = await forward();
    const changed = change(original);
    if (changed === undefined) {
      decline();
      return original;
    }
    happened();
    return { ...original, body: Buffer.from(JSON.stringify(changed)) };
  };

/** A forged copy goes first and must be refused; the true one follows. `accepted` hears of a forgery that was not. */
export const forgeFirst =
  (change: (exchange: Exchange) => Partial<Exchange>, accepted: (exchange: Exchange, reply: Reply) => void): Act =>
  async (exchange, forward, { happened }) => {
    const forged = await forward(change(exchange));
    if (forged.status < 400) accepted(exchange, forged);
    else if (forged.status < 500) happened();
    return forward();
  };

/** No answer: the connection stays open until the caller's patience, `ms`, or the healing ends it. */
export const hang =
  (ms: number): Act =>
  async (_exchange, _forward, { happened, released }) => {
    happened();
    await pause(ms, released);
    return { cut: true };
  };

export function reply(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(text) };
}

/** Sleeps, but not beyond the healing. */
export const pause = (ms: number, released: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal: released }).catch(() => {});
