import { Client } from '@upstash/qstash';
import type { Log } from '../log/log.ts';

/** Publishes one wake-up per lane, side by side. Never throws: what is not published here, the sweep finds in the outbox. */
export type Wake = (lanes: string[]) => Promise<void>;

type WakeOptions = {
  url: string;
  token: string;
  /** Where the Workers answer, without a slash at the end; the wake-up goes to `/internal/wake` there. */
  origin: string;
  log: Log;
  timeoutMs?: number;
};

const TIMEOUT_MS = 2_000;
/** A wake-up only says «look»: repeated for half an hour it would wake for work that is long done. */
const QSTASH_RETRIES = 1;

export function createWake({ url, token, origin, log, timeoutMs = TIMEOUT_MS }: WakeOptions): Wake {
  const client = new Client({ baseUrl: url, token, retry: false, devMode: false, enableTelemetry: false });

  async function publish(lane: string): Promise<void> {
    try {
      const sent = client.publishJSON({ url: `${origin}/internal/wake`, body: { lane }, retries: QSTASH_RETRIES });
      await withTimeout(sent, timeoutMs);
    } catch (error) {
      log('warn', 'wake_not_published', { lane, error });
    }
  }

  return async function wake(lanes) {
    await Promise.all([...new Set(lanes)].map(publish));
  };
}

/** The client takes no signal; what comes after the timeout is of no interest any more. */
function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
