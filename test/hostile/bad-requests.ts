import fc from 'fast-check';
import {
  type Case,
  type Cases,
  type Change,
  harmless,
  type Making,
  type Of,
  plausible,
  segment,
  withBody,
} from './cases.ts';
import { inPath, inQuery, type Operation, writes } from './document.ts';
import { HEADERS, LONG, METHODS, QUERY_VALUES, SEGMENTS } from './hostile-values.ts';
import { LEAVES, SPOILINGS, STRANGE_NAMES } from './mutations.ts';
import { valuesOf } from './schema.ts';
import { idToken } from './tokens.ts';

/** All that is wrong on purpose with requests of one operation. */
export function hostile(operation: Operation, making: Making): Cases {
  const some = [bodyCases, idCases, queryCases, headerCases, methodCases].flatMap((make) => make(operation, making));
  const callers = fc.oneof(
    { arbitrary: fc.constant(null), weight: 3 },
    { arbitrary: fc.constantFrom(...making.callers), weight: 1 },
  );
  return fc.tuple(fc.oneof(...some), callers).map(([one, caller]) => {
    if (caller === null || caller === OPERATOR) return one.caller === OPERATOR ? forOperator(one) : one;
    return { ...one, caller, why: `${one.why}, from ${caller}` };
  });
}

const OPERATOR = 'an operator';
/** To an operator nothing is foreign. */
const forOperator = (one: Case): Case =>
  JSON.stringify([one.path, one.body]).includes('foreign') ? { ...one, refused: false } : one;

const bodyCases: Of<Cases[]> = (operation, making) => {
  const base = plausible(operation, making);
  const at = fc.nat(1000);
  const changed = (why: string, changes: fc.Arbitrary<Change>) =>
    fc.tuple(base, changes).map(([one, change]) => withBody(one, why, change));
  if (!operation.body)
    return writes(operation) ? [changed('a body where none belongs', fc.constant({ as: 'added', name: 'force' }))] : [];
  const leaf = fc.constantFrom(...LEAVES);
  const replaced = changed('a value replaced', fc.record({ as: fc.constant('replaced' as const), leaf, at }));
  return [
    base,
    replaced,
    replaced,
    changed('foreign ids', fc.constant({ as: 'foreign' })),
    changed('a member dropped', fc.record({ as: fc.constant('dropped' as const), at })),
    changed(
      'a member added',
      fc.record({ as: fc.constant('added' as const), name: fc.constantFrom(...STRANGE_NAMES) }),
    ),
    changed('no JSON', fc.record({ as: fc.constant('spoilt' as const), how: fc.constantFrom(...SPOILINGS) })),
  ];
};

/** Somebody else's, nobody's, and what is no id at all, in each place of the path. */
const idCases: Of<Cases[]> = (operation, making) =>
  inPath(operation).map(({ name, schema }) => {
    const { pattern, format } = making.resolve(schema);
    const id = format === 'uuid' || idToken(pattern) !== undefined;
    const tokens = (['foreign', 'unknown'] as const).map((whose) =>
      format === 'uuid' ? `{{${whose}:user}}` : idToken(pattern, whose),
    );
    const odd = fc.constantFrom(...SEGMENTS, ...tokens.filter((token) => token !== undefined));
    return fc.tuple(plausible(operation, making), odd).map(([one, value]) => ({
      ...one,
      why: `${name} is ${value.slice(0, 40)}`,
      path: replaceSegment(one.path, operation.path, name, value),
      refused: id,
      astray: true as const,
    }));
  });

function replaceSegment(path: string, template: string, name: string, value: string): string {
  const at = template.split('/').indexOf(`{${name}}`);
  return path
    .split('/')
    .map((part, n) => (n === at ? value : part))
    .join('/');
}

const queryCases: Of<Cases[]> = (operation, making) => {
  const names = inQuery(operation).map(({ name }) => name);
  const base = harmless(operation, making);
  const asks = (why: string, query: fc.Arbitrary<string>, refused: boolean) =>
    fc.tuple(base, query).map(([one, text]) => ({ ...one, why: `${why}: ${text.slice(0, 60)}`, query: text, refused }));
  const checked = operation.scopes !== null;
  const unknown = asks('an unknown parameter', fc.constantFrom('x=1', '__proto__=1', '%00=1', `${LONG}=1`), checked);
  if (names.length === 0) return [unknown];
  const name = fc.constantFrom(...names);
  const pair = fc.tuple(name, fc.constantFrom(...QUERY_VALUES)).map((both) => both.join('='));
  const value = asks('a value', pair, false);
  return [
    unknown,
    asks(
      'a parameter twice',
      name.map((one) => `${one}=1&${one}=2`),
      checked,
    ),
    value,
    value,
    asks('good values', goodQuery(operation, making), false),
  ];
};

function goodQuery(operation: Operation, making: Making): fc.Arbitrary<string> {
  const values = inQuery(operation).map(({ name, schema }) => [name, valuesOf(schema, making, name)] as const);
  return fc.record(Object.fromEntries(values), { requiredKeys: [] }).map((query) =>
    Object.entries(query)
      .map(([name, value]) => `${name}=${segment(value)}`)
      .join('&'),
  );
}

const headerCases: Of<Cases[]> = (operation, making) => {
  const sets = HEADERS.filter(({ of }) => of !== 'body' || operation.body);
  const cases = fc
    .tuple(harmless(operation, making), fc.constantFrom(...sets))
    .map(([one, { name, headers, refused }]) => ({
      ...one,
      why: `the headers: ${name}`,
      headers: { ...one.headers, ...headers },
      refused: refused && operation.scopes !== null,
    }));
  const zipped = plausible(operation, making).map((one) => {
    const packed = withBody(one, 'a zipped body', { as: 'zipped' });
    return { ...packed, headers: { ...one.headers, 'content-encoding': 'gzip' } };
  });
  return operation.body ? [cases, zipped] : [cases];
};

const methodCases: Of<Cases[]> = (operation, making) => {
  const others = METHODS.filter((method) => !making.methods.get(operation.path)?.includes(method));
  return [
    fc.tuple(plausible(operation, making), fc.constantFrom(...others)).map(([one, method]) => ({
      ...one,
      why: `the method ${method}`,
      method,
      body: undefined,
      refused: true,
    })),
  ];
};

/** Each odd value in each parameter. */
export const everyQuery = (operation: Operation, making: Making): Case[] =>
  inQuery(operation).flatMap(({ name }) =>
    QUERY_VALUES.flatMap((value) =>
      fc.sample(harmless(operation, making), { numRuns: 1, seed: 1 }).map((one) => ({
        ...one,
        why: `a value: ${name}=${value.slice(0, 40)}`,
        query: `${name}=${value}`,
      })),
    ),
  );
