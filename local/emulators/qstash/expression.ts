const FUNCTIONS: Record<string, (...values: number[]) => number> = {
  pow: Math.pow,
  sqrt: Math.sqrt,
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  min: Math.min,
  max: Math.max,
};

type Cursor = { tokens: string[]; position: number; variables: Record<string, number> };

/**
 * Value of a retry-delay expression, e.g. `max(1000, pow(2, retried) * 100)`.
 * @throws Error naming the token that does not fit.
 */
export function evaluate(expression: string, variables: Record<string, number>): number {
  const tokens = expression.match(/\d+(\.\d+)?|[a-z]+|\S/gi) ?? [];
  const cursor = { tokens, position: 0, variables };
  const value = sum(cursor);
  if (cursor.position < tokens.length) throw unexpected(cursor);
  return value;
}

function sum(cursor: Cursor): number {
  let value = product(cursor);
  for (;;) {
    if (take(cursor, '+')) value += product(cursor);
    else if (take(cursor, '-')) value -= product(cursor);
    else return value;
  }
}

function product(cursor: Cursor): number {
  let value = factor(cursor);
  for (;;) {
    if (take(cursor, '*')) value *= factor(cursor);
    else if (take(cursor, '/')) value /= factor(cursor);
    else if (take(cursor, '%')) value %= factor(cursor);
    else return value;
  }
}

function factor(cursor: Cursor): number {
  if (take(cursor, '-')) return -factor(cursor);
  if (take(cursor, '(')) return closed(cursor, sum(cursor));
  const token = cursor.tokens[cursor.position] ?? '';
  cursor.position += 1;
  if (/^\d/.test(token)) return Number(token);
  if (Object.hasOwn(FUNCTIONS, token) && take(cursor, '(')) return call(cursor, token);
  if (Object.hasOwn(cursor.variables, token)) return cursor.variables[token] as number;
  cursor.position -= 1;
  throw unexpected(cursor);
}

function call(cursor: Cursor, name: string): number {
  const values = [sum(cursor)];
  while (take(cursor, ',')) values.push(sum(cursor));
  return closed(cursor, FUNCTIONS[name]?.(...values) ?? Number.NaN);
}

function closed(cursor: Cursor, value: number): number {
  if (!take(cursor, ')')) throw unexpected(cursor);
  return value;
}

function take(cursor: Cursor, token: string): boolean {
  if (cursor.tokens[cursor.position] !== token) return false;
  cursor.position += 1;
  return true;
}

function unexpected(cursor: Cursor): Error {
  return new Error(`unexpected ${cursor.tokens[cursor.position] ?? 'end'}`);
}
