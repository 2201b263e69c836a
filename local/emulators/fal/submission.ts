import { randomUUID } from 'node:crypto';
import type { Control } from '../support/control.ts';
import { last4 } from '../support/keys.ts';
import { violations } from '../support/schema.ts';
import { type Behaviour, promptOf, steer } from '../support/steering.ts';
import { detail, invalidInput, refusal, respond } from './errors.ts';
import type { FalModel } from './model.ts';
import type { FalRequest } from './request.ts';
import { userOf } from './users.ts';

export type Submission = { key: string; endpoint: string; model: FalModel; webhook?: string };
export type Decision = { refused: Response } | { behaviour: Behaviour; request?: FalRequest };

type Options = { control: Control; now: () => number; workMs: (kind: FalModel['kind']) => number; strict: boolean };

/** Decides about a request to run an endpoint: refused as the vendor would, broken off, or queued. */
export function decide(submission: Submission, json: unknown, { control, now, workMs, strict }: Options): Decision {
  const { key, endpoint, model, webhook } = submission;
  const input = isObject(json) ? json : {};
  const prompt = promptOf(input);
  const behaviour = steer({ prompt, input, fault: control.fault({ provider_model: endpoint, prompt, key }) });
  if (behaviour.refuse) return { refused: refusal(behaviour.refuse) };
  if (behaviour.connection === 'drop' || behaviour.connection === 'timeout') return { behaviour };
  if (webhook !== undefined && !/^https?:\/\//.test(webhook)) return { refused: detail(400, 'Invalid webhook URL') };
  const problems = violations(model.fields, input, strict);
  if (problems.length > 0) return { refused: respond(invalidInput(problems)) };

  const queued_at = now();
  const total = behaviour.seconds === undefined ? workMs(model.kind) : behaviour.seconds * 1000;
  const request: FalRequest = {
    id: randomUUID(),
    phase: 'queued',
    queued_at,
    starts_at: queued_at + Math.min(total / 3, 300),
    ends_at: behaviour.outcome === 'hangs' ? null : queued_at + total,
    done_at: null,
    endpoint,
    input,
    webhook: webhook ?? null,
    user: userOf(key),
    behaviour,
    error: null,
    files: [],
  };
  const at = new Date(queued_at).toISOString();
  const row = { id: request.id, model: endpoint, prompt, key_last4: last4(key), webhook: request.webhook, at };
  control.accepted({ ...row, status: 'IN_QUEUE' });
  return { behaviour, request };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
