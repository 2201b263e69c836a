import type { Credential } from '../../shared/auth/credential.ts';
import { settingsEvents } from '../../shared/contract/provider-settings.ts';
import type { Scope } from '../../shared/db/common.ts';
import type { SettingsEvent } from '../../shared/db/key-service/settings.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import { eventStream, frame, HEARTBEAT } from '../../shared/http/sse.ts';
import type { KeysDeps } from './deps.ts';

const EVERY_MS = 1_000;
const HEARTBEAT_MS = 15_000;
const MOST_AT_ONCE = 100;
/** A Worker may make so many subrequests for one request; a client that is cut off comes back with its Last-Event-ID. */
const MAX_POLLS = 600;

/** `GET /v1/provider-settings/events`: tells other tabs. The id of an event is its number in the account: a reconnect misses none. */
export const settingsStreamRoute = (deps: KeysDeps): Route =>
  route({
    ...settingsEvents,
    async handle({ credential, query: { last_event_id, ...filter } }, c) {
      const after = numberOf(c.req.header('last-event-id') ?? last_event_id);
      const first = unwrap(await deps.db.settingsEvents(credential, after, filter, MOST_AT_ONCE));
      return eventStream(c.req.raw, (signal) => settingsStream(deps, { credential, filter, first, signal }));
    },
  });

type Seen = { events: SettingsEvent[]; last: number };
type StreamOptions = {
  credential: Credential;
  filter: Scope;
  /** What the first look showed. */
  first: Seen;
  /** Aborted when the client has left. */
  signal: AbortSignal;
};

/** Frames until the client leaves, or may no longer read. Says hello at once, so that the client knows from which number on it hears. */
export async function* settingsStream(
  { db, sleep, now }: Pick<KeysDeps, 'db' | 'sleep' | 'now'>,
  { credential, filter, first, signal }: StreamOptions,
): AsyncGenerator<string> {
  let { last } = first;
  let quietSince = now();
  yield first.events.length > 0 ? framesOf(first) : `id: ${last}\n${HEARTBEAT}`;
  for (let polls = 0; polls < MAX_POLLS && !signal.aborted; polls++) {
    await sleep(EVERY_MS);
    if (signal.aborted) return;
    const next = await db.settingsEvents(credential, last, filter, MOST_AT_ONCE);
    if (!next.ok && next.refusal.code !== 'unavailable') return;
    const frames = next.ok ? framesOf(next.value) : '';
    if (next.ok) last = next.value.last;
    if (frames === '' && now() - quietSince < HEARTBEAT_MS) continue;
    quietSince = now();
    yield frames || HEARTBEAT;
  }
}

const framesOf = ({ events }: Seen) =>
  events.map(({ id, type, data, at }) => frame({ event: type, data: { ...data, at }, id })).join('');

/** What is no number of ours starts from now. */
const numberOf = (id: string | undefined) => (/^\d{1,15}$/.test(id ?? '') ? Number(id) : null);
