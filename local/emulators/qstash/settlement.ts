import type { Answer } from './attempt.ts';
import { retryDelay } from './backoff.ts';
import { type QueueContext, subjectOf } from './context.ts';
import type { Draft } from './draft.ts';
import type { Message } from './message.ts';
import { type DeadLetter, end } from './state.ts';

type SettleContext = QueueContext & { publish: (draft: Draft) => unknown };

/** What follows from an answer: the message to deliver again, or undefined when it has ended. */
export function settle(message: Message, answer: Answer, context: SettleContext): Message | undefined {
  const { state, faults } = context;
  if (answer.status >= 200 && answer.status < 300) {
    callBack(message, answer, context);
    if (faults.take(['duplicate'], subjectOf(message)) !== undefined) return { ...message, dueAt: context.now() };
    end(state, message, 'delivered');
    return undefined;
  }
  if (isFinal(message, answer)) {
    bury(message, answer, context);
    return undefined;
  }
  callBack(message, answer, context);
  return retry(message, answer, context);
}

function isFinal(message: Message, answer: Answer): boolean {
  const refused = answer.status === 489 && answer.headers.get('upstash-nonretryable-error') === 'true';
  return refused || message.retried >= message.maxRetries;
}

function retry(message: Message, answer: Answer, { state, now, retryScale }: SettleContext): Message {
  const { retried, retryDelay: expression } = message;
  const delay = retryDelay({ retried, expression, headers: answer.headers, now: now(), scale: retryScale });
  const again = { ...message, retried: retried + 1, dueAt: now() + delay };
  state.messages.put(message.messageId, again);
  return again;
}

function bury(message: Message, answer: Answer, context: SettleContext): void {
  const { state, now } = context;
  const letter: DeadLetter = {
    ...message,
    dlqId: `${now()}-${message.messageId.slice(4, 12)}`,
    responseStatus: answer.status,
    responseHeader: headerLists(answer.headers),
    responseBody: Buffer.from(answer.body).toString(),
  };
  state.deadLetters.put(letter.dlqId, letter);
  end(state, message, 'failed');
  callBack(message, answer, context);
  const { failureCallback, failureCallbackHeader = {} } = message;
  if (failureCallback === undefined) return;
  const body = { ...report(message, answer), dlqId: letter.dlqId };
  context.publish(callbackDraft(message, failureCallback, failureCallbackHeader, body));
}

// The vendor calls back after every attempt, not only after the last one.
function callBack(message: Message, answer: Answer, { publish }: SettleContext): void {
  const { callback, callbackHeader = {} } = message;
  if (callback !== undefined) publish(callbackDraft(message, callback, callbackHeader, report(message, answer)));
}

function callbackDraft(message: Message, url: string, headers: Record<string, string>, body: object): Draft {
  const defaults = { 'content-type': 'application/json', 'upstash-retries': String(message.maxRetries) };
  return { destination: url, headers: { ...defaults, ...headers }, body: Buffer.from(JSON.stringify(body)) };
}

function report(message: Message, answer: Answer): object {
  return {
    status: answer.status,
    header: headerLists(answer.headers),
    body: Buffer.from(answer.body).toString('base64'),
    retried: message.retried,
    maxRetries: message.maxRetries,
    sourceMessageId: message.messageId,
    url: message.url,
    method: message.method,
    sourceHeader: message.header,
    sourceBody: message.body,
    notBefore: message.notBefore,
    createdAt: message.createdAt,
    callerIP: message.callerIP,
  };
}

function headerLists(headers: Headers): Record<string, string[]> {
  return Object.fromEntries([...headers].map(([name, value]) => [name, [value]]));
}
