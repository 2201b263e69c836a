import type { Context } from 'hono';
import type { Message } from './message.ts';

/** A message as the vendor shows it: `body` if it is text, else `bodyBase64`. */
export function messageView(message: Message): Record<string, unknown> {
  const { body, callbackHeader, failureCallbackHeader, flowControlValue, retryDelay, retried, dueAt, ...rest } =
    message;
  const labels = rest.label?.split(',');
  return { ...rest, ...bodyView(body), labels, retryDelayExpression: retryDelay, ...flowControl(flowControlValue) };
}

function bodyView(base64: string): { body: string } | { bodyBase64: string } {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? { body: text } : { bodyBase64: base64 };
}

function flowControl(value: string | undefined): Record<string, unknown> {
  const pairs = value?.split(/,\s*/).map((pair) => pair.split('=') as [string, string]) ?? [];
  return Object.fromEntries(pairs.map(([name, text]) => [name, Number.parseInt(text, 10)]));
}

export type Filter = Map<string, string[]>;

/** The query's filters; several values may be repeated or separated by commas. */
export function filterOf(c: Context): Filter {
  const { cursor, count, qstash_token, ...filters } = c.req.queries();
  return new Map(Object.entries(filters).map(([name, values]) => [name, values.flatMap((value) => value.split(','))]));
}

/** Whether a document fits every filter; `idsParameter` lists values of its `idField`. */
export function matches(
  document: Record<string, unknown>,
  filter: Filter,
  idsParameter: string,
  idField: string,
): boolean {
  return [...filter].every(([name, values]) => {
    if (name === 'fromDate') return Number(document.createdAt) >= Number(values[0]);
    if (name === 'toDate') return Number(document.createdAt) <= Number(values[0]);
    if (name === 'label')
      return String(document.label ?? '')
        .split(',')
        .some((label) => values.includes(label));
    return values.includes(String(document[name === idsParameter ? idField : name]));
  });
}
