import { described, named, optional } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, DeliveryId, JobId, WebhookEndpointId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { Timestamp } from './scalars.ts';
import { WebhookEvent } from './webhook-event.ts';

const Try = () =>
  z.looseObject({
    at: Timestamp(),
    http_status: z.nullable(z.int()),
    ms: z.number(),
    error: z.nullable(z.string()),
  });

export const Delivery = named(
  'Delivery',
  () =>
    z.looseObject({
      id: DeliveryId(),
      event: z.string(),
      job_id: JobId(),
      endpoint: described(z.string(), '`webhook_url` for an address that was given with the job'),
      status: z.enum(['pending', 'delivered', 'exhausted', 'superseded', 'gone']),
      attempts: z.array(Try()),
    }),
  'One message to a partner, with its tries.',
);

const DeliveryQuery = () =>
  z.strictObject({
    account_id: z.optional(AccountId()),
    endpoint: optional(
      z.union([WebhookEndpointId(), z.literal('webhook_url')]),
      '`webhook_url`: those that went to an address given with a job',
    ),
    job: z.optional(JobId()),
    status: z.optional(Delivery().shape.status),
    ...pageQuery(/^evt_[0-9a-f]{32}$/),
  });

const tag = 'Webhooks';
const params = () => z.object({ id: DeliveryId() });

export const showWebhookSecret = contract({
  method: 'get',
  path: '/v1/webhooks/default/secret',
  scopes: ['webhooks'],
  tag,
  summary: 'What verifies messages to a `webhook_url`',
  answers: {
    200: {
      description: 'The secret',
      schema: () => z.object({ key: described(z.string(), '`whsec_…` (Standard Webhooks)') }),
    },
  },
  refusals: ['forbidden'],
});

export const listDeliveries = contract({
  method: 'get',
  path: '/v1/webhook-deliveries',
  scopes: ['webhooks'],
  tag,
  summary: 'What was sent to partners and what they answered, newest first',
  query: DeliveryQuery,
  answers: { 200: { description: 'A page of deliveries', schema: listOf(Delivery) } },
  refusals: ['forbidden', 'not_found'],
});

export const showDelivery = contract({
  method: 'get',
  path: '/v1/webhook-deliveries/{id}',
  scopes: ['webhooks'],
  tag,
  summary: 'One message, with request and response of each try',
  params,
  answers: {
    200: {
      description: 'The delivery',
      schema: () => z.extend(Delivery(), { body: z.nullable(WebhookEvent()) }),
    },
  },
  refusals: ['forbidden', 'not_found'],
});

export const replayDelivery = contract({
  method: 'post',
  path: '/v1/webhook-deliveries/{id}/replay',
  scopes: ['webhooks'],
  tag,
  summary: 'Send a message again, now, under its old id',
  params,
  idempotency: 'optional',
  answers: { 202: { description: 'It will be sent', schema: Delivery } },
  refusals: ['forbidden', 'not_found', 'idempotency_mismatch'],
});
