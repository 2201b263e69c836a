import { described, matching, whole } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { A_TIME } from './scalars.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** A whole number in a query string: digits and nothing else. */
export const queryInt = (min: number, max: number) =>
  z.pipe(z.pipe(matching(/^\d{1,10}$/, 'Must be a whole number'), z.transform(Number)), whole(min, max));

const ANY_CURSOR = /^[\w.~:=+/-]{1,512}$/;

/** `limit` and `cursor` of a list, whose cursors have this form. To clients a cursor is opaque: a `next_cursor` of an earlier page. */
export const pageQuery = (cursor: RegExp = ANY_CURSOR) => ({
  limit: z._default(queryInt(1, MAX_LIMIT), DEFAULT_LIMIT),
  cursor: z.optional(matching(cursor, 'Must be the `next_cursor` of an earlier page')),
});

/** An instant in a query string, in any offset; given on in UTC. */
export const queryInstant = () =>
  z.pipe(
    z.pipe(z.iso.datetime({ offset: true, error: A_TIME }), instant()),
    z.transform((at) => at.toISOString()),
  );

function instant() {
  const parse = z.transform((text: string) => new Date(text));
  return parse.check(z.refine((at) => at.getTime() >= 0, 'Must be an instant after 1970'));
}

export const listOf =
  <T extends z.ZodMiniType>(item: () => T) =>
  () =>
    z.object({ data: z.array(item()), next_cursor: described(z.nullable(z.string()), 'Null on the last page') });

/** A page of a list that is short enough to be had whole. Cursors are what `idOf` says of the last item. */
export function pageOf<T>(all: T[], { limit, cursor }: { limit: number; cursor?: string }, idOf: (item: T) => string) {
  const start = cursor === undefined ? 0 : all.findIndex((item) => idOf(item) === cursor) + 1;
  const data = all.slice(start, start + limit);
  const last = data.at(-1);
  return { data, next_cursor: last !== undefined && start + data.length < all.length ? idOf(last) : null };
}
