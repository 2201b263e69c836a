import { once } from '../async/once.ts';
import { described, type Of, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';

/** Small enough that no sum of amounts leaves what JSON can say exactly. */
const MOST_CREDITS = 1_000_000_000_000;

const credits = (least: number) =>
  z
    .int(`Must be a whole number of credits from ${least} to ${MOST_CREDITS}`)
    .check(z.minimum(least), z.maximum(MOST_CREDITS));

/** Credits as they are booked: whole and above zero. */
export const CreditAmount = once(() => credits(1));

/** Most that may be spent: zero lets nothing through. */
export const CreditCap = once(() => credits(0));

/** Credits as they are shown: a balance or a sum, never below zero. */
export const Credits = once(() => z.int().check(z.minimum(0)));

/** What is said of a time in any other form. */
export const A_TIME = 'Must be a time such as 2026-11-21T12:00:00Z';

/** UTC, ISO-8601, milliseconds. */
export const Timestamp = once(() => described(z.iso.datetime(A_TIME), 'UTC, ISO-8601'));

/** JSON of the client's that is kept and given back as it came. */
export const JsonObject = once(() => z.record(z.string(), z.unknown()));

/** One name for the end user of a client; ours only to group by. */
export const EndUser = once(() => text(1, 255));

export const Reason = once(() => z.string().check(z.trim(), z.minLength(1), z.maxLength(1_000)));

/** What people call a thing of theirs. */
export const Name = once(() => z.string().check(z.trim(), z.minLength(1), z.maxLength(200)));

/** What an API key may be for. `admin` is the operators', and includes the others. */
export const ApiScope = once(() => z.enum(['jobs', 'keys', 'billing', 'webhooks', 'admin']));
export type ApiScope = Of<typeof ApiScope>;

export const Email = once(() => z.email().check(z.maxLength(254)));
