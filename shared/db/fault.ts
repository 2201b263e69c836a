/** What went wrong below a call, for the log and for one decision: may it have had its effect? */
export type Fault = {
  /** `transport`: the database was not reached or the answer got lost; `database`: it answered with an error of its own. */
  kind: 'transport' | 'database';
  ambiguous: boolean;
  /** SQLSTATE or PostgREST's code; empty where nothing answered. */
  sqlstate: string;
  status: number;
  message: string;
};

type RpcError = { code?: string; message?: string; details?: string };

/** PostgREST never got a connection or a plan, or refused our token: nothing has run. */
const NEVER_RAN = /^PGRST(000|001|002|003|30\d)$/;
/** Connection lost, server going down, outcome unknown: it may have committed. */
const MAY_HAVE_RUN = /^(08...|57P0[1-4]|40003)$/;
/** Serialization failure and deadlock: rolled back whole, and likely to succeed at once. */
const LOST_RACE = /^(40001|40P01)$/;
/** Cancelled by a timeout, or out of connections, memory or disk: rolled back, and no fault of the request. */
const ROLLED_BACK = /^(57014|55P03|53...|25P0[34])$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

export function classify({ code = '', message = '', details = '' }: RpcError, status: number): Fault {
  const fault = { sqlstate: code, status, message: [message, details].filter(Boolean).join(': ') };
  if ([NEVER_RAN, LOST_RACE, ROLLED_BACK].some((codes) => codes.test(code)))
    return { ...fault, kind: 'transport', ambiguous: false };
  if (MAY_HAVE_RUN.test(code)) return { ...fault, kind: 'transport', ambiguous: true };
  if (SQLSTATE.test(code) || code.startsWith('PGRST')) return { ...fault, kind: 'database', ambiguous: false };
  return { ...fault, kind: 'transport', ambiguous: mayHaveArrived(status) };
}

export const retryable = ({ sqlstate }: Fault) => LOST_RACE.test(sqlstate);

/** No SQL error and no answer of PostgREST: a proxy's own page, a thrown fetch (status 0), our timeout. */
function mayHaveArrived(status: number): boolean {
  const definite = [401, 403, 404, 413, 429, 503, 521, 523, 525, 526, 530];
  return !definite.includes(status);
}
