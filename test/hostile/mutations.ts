import type { Json } from '../client.ts';

/** A body that is sent as it stands. `refused`: no operation that takes a body may say yes to it. */
export type Wire = { bytes: Buffer; refused: boolean; headers?: Record<string, string> };

const RAW = Symbol('raw');
/** JSON that no value of JavaScript gives: `-0`, `1e400`, half a surrogate. */
const raw = (json: string): object => ({ [RAW]: json });

export function encode(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (RAW in value) return value[RAW];
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${encode(member)}`).join(',')}}`;
}

const nested = (depth: number) => raw(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

/** What no text or number may be, wherever it stands. */
const UNSTORABLE: Record<string, object> = {
  NUL: raw('"a\\u0000b"'),
  'half a surrogate': raw('"\\ud800"'),
  'the other half': raw('"x\\udc00y"'),
  'a number beyond a double': raw('1e400'),
  'a depth of 10,000': nested(10_000),
  'a repeated key': raw('{"a":1,"a":2}'),
  __proto__: raw('{"__proto__":{"admin":true}}'),
};

/** In the place of one value of a body. Some schemas take some of them. */
const VALUES: Record<string, unknown> = {
  null: null,
  true: true,
  'an empty text': '',
  'a blank text': ' \u00a0',
  'an empty list': [],
  'an empty object': {},
  'a list in a list': [[]],
  '2^53 + 1': raw('9007199254740993'),
  '2^63': raw('9223372036854775808'),
  '1e308': raw('1e308'),
  '-0': raw('-0'),
  '-1': -1,
  '1.5': 1.5,
  '"1e3"': '1e3',
  NaN: 'NaN',
  'SQL text': "'; drop table darkroom.jobs; --",
  'a format': '%s%n{0}%1$s',
  'a right-to-left override': '\u202egnp.exe',
  'a path': '../../etc/passwd',
  'a date that is none': '2026-02-30T25:61:61Z',
  'the last date': '+275760-09-13T00:00:00.000Z',
  'an address inside': 'http://127.0.0.1:1/',
  'an address of metadata': 'https://[::ffff:169.254.169.254]/latest',
  'a text of 100,000': 'x'.repeat(100_000),
  'a list of 100,000': Array(100_000).fill(0),
  constructor: { constructor: { prototype: { admin: true } } },
};

export const LEAVES = Object.keys({ ...VALUES, ...UNSTORABLE });

type Place = { in: Json; name: string | number };

/** Every place of a value, itself not among them. */
function placesOf(value: Json): Place[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((name) => [{ in: value, name }, ...placesOf(value[name])]);
}

const wire = (text: string, refused = false): Wire => ({ bytes: Buffer.from(text), refused });

/** One value replaced. */
export function replaceOne(value: Json, leaf: string, at: number): Wire {
  const copy = { root: structuredClone(value) };
  const places = placesOf(copy);
  const { in: parent, name } = places[at % places.length] as Place;
  parent[name] = { ...VALUES, ...UNSTORABLE }[leaf];
  return wire(encode(copy.root), leaf in UNSTORABLE);
}

/** One member fewer: may be one that nobody needs. */
export function dropOne(value: Json, at: number): Wire {
  const copy = structuredClone(value);
  const places = placesOf(copy);
  const place = places[at % Math.max(places.length, 1)];
  if (place) delete place.in[place.name];
  return wire(encode(copy));
}

/** Members that name things whose schemas do not say so. */
const NAMED: Record<string, string> = { scope_id: 'org', provider_key: 'key' };

/** Every id the stranger's. Only members that hold ids: in a name or a note it would be the caller's own word. */
export function makeForeign(value: Json): Wire {
  const copy = { root: structuredClone(value) };
  let found = false;
  for (const { in: parent, name } of placesOf(copy)) {
    const text = parent[name];
    const kind = NAMED[name] ?? (typeof text === 'string' ? /^\{\{own:(\w+)\}\}$/.exec(text)?.[1] : undefined);
    if (kind === undefined) continue;
    parent[name] = `{{foreign:${kind}}}`;
    found = true;
  }
  return wire(encode(copy.root), found);
}

/** Names that no schema knows, the hereditary ones of JavaScript among them. */
export const STRANGE_NAMES = ['admin', 'constructor', 'toString', 'hasOwnProperty', 'account_ID', '', '$where', 'é'];

export const addOne = (value: Json, name: string): Wire => wire(encode({ ...value, [name]: true }), true);

type Spoil = (json: string) => Buffer | string;

/** Bytes that are no JSON as this service takes it. */
const SPOILT: Record<string, Spoil> = {
  'nothing at all': () => '',
  'half of it': (json) => json.slice(0, Math.max(1, json.length - 1)),
  'trailing bytes': (json) => `${json} {}`,
  'a trailing NUL': (json) => `${json}\0`,
  'a byte order mark': (json) => `\ufeff${json}`,
  'invalid UTF-8': (json) => Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])]),
  'an overlong slash': () => Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
  'UTF-16': (json) => Buffer.from(json, 'utf16le'),
  'a comment': (json) => `/* */${json}`,
  'single quotes': () => "{'model': 'flux-dev'}",
  'a repeated key': (json) => `{"a":1,"\\u0061":2,${json.slice(1)}`,
  'a form': () => 'model=flux-dev&input[prompt]=x',
  XML: () => '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
  'a list around it': (json) => `[${json}]`,
  'a text': () => '"text"',
  'a number': () => '1',
  'nothing but null': () => 'null',
};

export const SPOILINGS = Object.keys(SPOILT);

export const spoil = (value: Json, how: string): Wire => ({
  bytes: Buffer.from((SPOILT[how] as Spoil)(encode(value))),
  refused: true,
});
