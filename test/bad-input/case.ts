import type { Request } from '../client.ts';
import type { StackValues } from '../stack-values.ts';

/** What a case may be made of: the stack, a caller's key and its ended job, somebody else's, and the project's private signing key. */
export type Given = {
  stack: StackValues;
  key: string;
  jobId: string;
  eventsUrl: string;
  stranger: { account_id: string; api_key: string; jobId: string };
  secrets: { supabase: { signing_key: JsonWebKey & { kid: string }; role_tokens: Record<string, string> } };
};

export type Sent = Request & { path: string };

/** A request that must be refused so, naming the field if there is one. */
export type Case = {
  name: string;
  status: number;
  code: string;
  field?: string;
  request: (given: Given) => Sent | Promise<Sent>;
};

export const JOB = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
export const submit = (body: unknown, headers?: Record<string, string>): Sent => ({ path: '/v1/jobs', body, headers });

/** 422 `invalid_input` at this path, for a body of `POST /v1/jobs`. */
export const invalidJob = (name: string, field: string, body: unknown): Case => ({
  name,
  field,
  status: 422,
  code: 'invalid_input',
  request: () => submit(body),
});
