import { Grant, GrantRequest } from '../../../shared/contract/money.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { markReplayed } from '../../../shared/http/idempotency-key.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';

export const grantCredits = ({ db }: Deps) =>
  route({
    method: 'post',
    path: '/v1/credits/grants',
    scopes: ['admin'],
    tag: 'Credits',
    summary: 'Grant credits to an account (operators)',
    body: GrantRequest,
    idempotency: 'required',
    answers: { 201: { description: 'The grant', schema: Grant } },
    refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
    async handle({ credential, body, idempotencyKey }, c) {
      const request_hash = await requestHash('POST', c.req.path, body);
      const request = { ...body, idempotency_key: idempotencyKey, request_hash };
      const { replayed, ...grant } = unwrap(await db.grantCredits(credential, request));
      markReplayed(c, replayed);
      return c.json(grant, 201);
    },
  });
