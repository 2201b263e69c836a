import { type Answer, type Call, isOpen, type Json } from './client.ts';
import type { Operation } from './plan-jobs.ts';
import type { World } from './world.ts';

/** What a client sent under one operation and everything it was told. */
export type OperationLog = {
  operation: Operation;
  request: Call;
  /** Answers to the request itself, replays included, in order of arrival. */
  answers: Answer[];
  /** Once known: the ids of its jobs. */
  ids?: string[];
  /** Once known: the refusal's code. */
  refusal?: string;
  /** Jobs as seen since, by id, in order. */
  looks: Record<string, Json[]>;
};

type Reporter = Pick<World, 'report'>;

/** These stay under their key; other refusals are not stored. */
const STORED = new Set(['insufficient_credits', 'spend_cap_reached']);
const ENDED = new Set(['completed', 'failed', 'canceled', 'expired']);

export const isKnown = ({ ids, refusal }: OperationLog): boolean => ids !== undefined || refusal !== undefined;

/** Takes down an answer, and says so if it contradicts an earlier one. */
export function learn(reporter: Reporter, log: OperationLog, answer: Answer): void {
  log.answers.push(answer);
  if (isOpen(answer)) return;
  if (answer.status < 300) learnAcceptance(reporter, log, answer.body.jobs ?? [answer.body]);
  else learnRefusal(reporter, log, String(answer.body.code ?? answer.status));
}

function learnAcceptance({ report }: Reporter, log: OperationLog, jobs: Json[]): void {
  const { operation, ids, refusal } = log;
  const told = jobs.map((job) => String(job.id));
  if (refusal !== undefined && STORED.has(refusal))
    report('violations', '13 accepted under a key that was refused', { operation: operation.id, refusal, told });
  if (ids !== undefined && ids.join() !== told.join())
    report('violations', '12 two answers under one key', { operation: operation.id, ids, told });
  if (told.length !== operation.jobs.length)
    report('violations', 'a batch was not accepted as one', { operation: operation.id, told });
  log.ids = told;
  for (const job of jobs) see({ report }, log, job);
}

function learnRefusal({ report }: Reporter, log: OperationLog, code: string): void {
  const { operation, ids } = log;
  if (ids !== undefined)
    report('violations', '12 refused under a key that was accepted', { operation: operation.id, ids, code });
  log.refusal = code;
}

/** Takes down how a job looks: what has ended stays as it ended. */
export function see({ report }: Reporter, log: OperationLog, job: Json): void {
  const looks = log.looks[job.id] ?? [];
  log.looks[job.id] = looks;
  const ended = looks.find(({ status }) => ENDED.has(status));
  if (ended && ended.status !== job.status && job.version >= ended.version)
    report('violations', '11 a job left its end', { job: job.id, from: ended.status, to: job.status });
  looks.push(job);
}
