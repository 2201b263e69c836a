import { described, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';

/** Credits as they are booked: whole, above zero, and small enough that no sum of them leaves what JSON can say exactly. */
export const CreditAmount = z
  .int('Must be a whole number of credits')
  .check(z.minimum(1), z.maximum(1_000_000_000_000));

/** Credits as they are shown: a balance or a sum, never below zero. */
export const Credits = z.int().check(z.minimum(0));

/** UTC, ISO-8601, milliseconds. */
export const Timestamp = described(z.iso.datetime(), 'UTC, ISO-8601');

/** JSON of the client's that is kept and given back as it came. */
export const JsonObject = z.record(z.string(), z.unknown());

/** One name for the end user of a client; ours only to group by. */
export const EndUser = text(1, 255);

export const Reason = z.string().check(z.trim(), z.minLength(1), z.maxLength(1_000));

/** What people call a thing of theirs. */
export const Name = z.string().check(z.trim(), z.minLength(1), z.maxLength(200));

/** What an API key may be for. `admin` is the operators', and includes the others. */
export const ApiScope = z.enum(['jobs', 'keys', 'billing', 'webhooks', 'admin']);
export type ApiScope = z.output<typeof ApiScope>;

export const Email = z.email().check(z.maxLength(254));
