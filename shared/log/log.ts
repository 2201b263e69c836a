import { redact } from './redact.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One event as one line of JSON. `msg` is a short constant; what varies goes into `fields`, which never replace the line's own. */
export type Log = (level: Level, msg: string, fields?: Record<string, unknown>) => void;

type LogOptions = {
  worker: string;
  /** Milliseconds. */
  now?: () => number;
  write?: (line: string) => void;
};

/** Secrets never leave through here, whatever the caller passes: by the names of fields and by their known shapes. */
export function createLog({ worker, now = Date.now, write = console.log }: LogOptions): Log {
  return function log(level, msg, fields = {}) {
    const own = { at: new Date(now()).toISOString(), level, worker, msg };
    write(JSON.stringify({ ...own, ...(redact(fields) as object), ...own }));
  };
}

/** For tests and tools that want silence. */
export const silent: Log = () => {};
