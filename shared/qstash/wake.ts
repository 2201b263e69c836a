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

/**
 * One request per message, as QStash's own client sends it (the test compares them): that client makes its headers three times over, which
 * is an eighth of what accepting a job costs a Worker. https://upstash.com/docs/qstash/api/publish
 */
export function createWake({ url, token, origin, log, timeoutMs = TIMEOUT_MS }: WakeOptions): Wake {
  const publishing = `${url}/v2/publish/${origin}/internal/wake`;
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'upstash-method': 'POST',
    'upstash-retries': `${QSTASH_RETRIES}`,
  };

  async function publish(lane: string): Promise<void> {
    try {
      const body = JSON.stringify({ lane });
      const sent = await fetch(publishing, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
      const said = await sent.text();
      if (!sent.ok) throw new Error(`QStash answered ${sent.status}: ${said.slice(0, 200)}`);
    } catch (error) {
      log('warn', 'wake_not_published', { lane, error });
    }
  }

  return async function wake(lanes) {
    await Promise.all([...new Set(lanes)].map(publish));
  };
}
