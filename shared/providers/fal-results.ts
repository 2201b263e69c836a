import { once } from '../async/once.ts';
import * as z from '../schema/zod.ts';
import { isModeration, tidy, type VendorError } from './classify.ts';
import { readOutputs } from './outputs.ts';
import type { MediaKind, Verdict } from './types.ts';

/** `v3.fal.media`, `v3b.fal.media` and older ones; Google's bucket serves what some partner models return. */
export const FAL_OUTPUT_HOSTS = ['fal.media', '*.fal.media', 'storage.googleapis.com/falserverless/'];

/** Errors of fal or of the model's vendor behind it, by type: nobody's input is to blame, and another route may do. */
const NOT_THE_INPUT = new Set(
  ['internal_server_error', 'generation_timeout', 'downstream_service_error', 'downstream_service_unavailable'].concat([
    'no_media_generated',
    'request_timeout',
    'startup_timeout',
    'internal_error',
  ]),
);

/** The outputs of a result, without those that fal's safety checker has blackened; all of them black is a rejection. */
export function readFalResult(result: unknown, kind: MediaKind, origins: readonly string[] | undefined): Verdict {
  const verdict = readOutputs(result, { kind, hosts: FAL_OUTPUT_HOSTS, origins });
  const flags = flagsSchema().safeParse(result).data?.has_nsfw_concepts ?? [];
  if (verdict.status !== 'succeeded' || !flags.includes(true)) return verdict;
  const outputs = verdict.outputs.filter((_, n) => flags[n] !== true);
  if (outputs.length > 0) return { ...verdict, outputs };
  return {
    status: 'rejected',
    code: 'moderation',
    message: 'the safety checker of the provider withheld every output',
  };
}

/**
 * fal's error bodies: `{detail: [{loc, msg, type}]}` of a model, `{detail: "…", error_type?}` of the platform.
 * @see https://fal.ai/docs/documentation/model-apis/errors
 */
export function readFalError(body: unknown, secrets: readonly (string | undefined)[] = []): VendorError | null {
  const error = errorSchema().safeParse(body).data;
  if (!error) return null;
  const [first] = Array.isArray(error.detail) ? error.detail : [];
  const message = typeof error.detail === 'string' ? error.detail : (first?.msg ?? error.error ?? error.message);
  if (typeof message !== 'string' || message === '') return null;
  const field = first?.loc?.findLast((part) => typeof part === 'string' && part !== 'body');
  return {
    message: tidy(message, secrets),
    ...(typeof field === 'string' && { field }),
    outOfCredit: isOutOfCredit(message),
    moderation: first?.type === 'content_policy_violation' || isModeration(message),
  };
}

/** fal says it with a 403. */
export function isOutOfCredit(message: string): boolean {
  return /exhausted balance|top up your balance/i.test(message);
}

/**
 * What a request that ended without a result means: the same for `GET …/requests/{id}` and for the payload of a webhook
 * whose status is ERROR (which says the code only in its text).
 */
export function readFalFailure(
  body: unknown,
  status: number | undefined,
  secrets: readonly (string | undefined)[] = [],
): Verdict {
  const error = errorSchema().safeParse(body).data;
  const read = readFalError(body, secrets);
  if (!error || !read) return { status: 'ambiguous', message: `the provider answered ${status ?? 'nothing'}` };
  const { message, field } = read;
  if (/still in progress/i.test(message)) return { status: 'pending' };
  if (/cancel+ed/i.test(`${error.error_type ?? ''} ${message}`)) return { status: 'canceled' };
  if (read.moderation) return { status: 'rejected', code: 'moderation', message, ...(field && { field }) };
  const types = Array.isArray(error.detail) ? error.detail.map(({ type }) => type ?? '') : [];
  if (isInputError(types, error.error_type, status)) {
    return { status: 'rejected', code: 'invalid_input', message, ...(field && { field }) };
  }
  // A gateway's words about itself, not about the request.
  if (types.length === 0 && !error.error_type && [502, 503, 504].includes(status ?? 0))
    return { status: 'ambiguous', message };
  const timeout = status === 504 || /timeout/.test(`${types} ${error.error_type ?? ''}`);
  return { status: 'failed', code: timeout ? 'timeout' : 'failed', message };
}

function isInputError(types: string[], platformError: string | null | undefined, status = 0): boolean {
  if (status >= 500 || platformError) return false;
  return types.length > 0 ? !types.some((type) => NOT_THE_INPUT.has(type)) : [400, 413, 422].includes(status);
}

const flagsSchema = once(() => z.object({ has_nsfw_concepts: z.array(z.boolean()) }));

const errorSchema = once(() =>
  z.object({
    detail: z.catch(
      z.nullish(
        z.union([
          z.string(),
          z.array(
            z.object({
              msg: z.nullish(z.string()),
              type: z.nullish(z.string()),
              loc: z.nullish(z.array(z.union([z.string(), z.number()]))),
            }),
          ),
        ]),
      ),
      null,
    ),
    error: z.catch(z.nullish(z.string()), null),
    error_type: z.catch(z.nullish(z.string()), null),
    message: z.catch(z.nullish(z.string()), null),
  }),
);
