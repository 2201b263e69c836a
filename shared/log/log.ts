import { redact } from './redact.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One event as one line of JSON. `event` is a short constant; what varies goes into `fields`. */
export type Log = (level: Level, event: string, fields?: Record<string, unknown>) => void;

type LogOptions = {
  worker: string;
  /** Milliseconds. */
  now?: () => number;
  write?: (line: string) => void;
};

/** Secrets never leave through here, whatever the caller passes: by the names of fields and by their known shapes. */
export function createLog({ worker, now = Date.now, write = console.log }: LogOptions): Log {
  return function log(level, event, fields = {}) {
    write(JSON.stringify({ at: new Date(now()).toISOString(), level, worker, event, ...(redact(fields) as object) }));
  };
}

/** For tests and tools that want silence. */
export const silent: Log = () => {};
