import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function logged(fields: Record<string, unknown>): string {
  const lines: string[] = [];
  createLog({ worker: 'submit', now: () => 0, write: (line) => lines.push(line) })('info', 'event', fields);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  return lines[0] ?? '';
}

const CANARY = 'c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry0';

test('one line of JSON', () => {
  expect(JSON.parse(logged({ job: 'job_1', count: 2n }))).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    level: 'info',
    worker: 'submit',
    msg: 'event',
    job: 'job_1',
    count: '2',
  });
});

test('fields never pass for the line’s own', () => {
  expect(JSON.parse(logged({ event: 'succeeded', level: 'fatal' }))).toMatchObject({
    msg: 'event',
    event: 'succeeded',
    level: 'info',
  });
});

test.each([
  'authorization',
  'x-api-key',
  'api_key',
  'apiKey',
  'secret',
  'client_secret',
  'password',
  'token',
  'events_token',
  'webhook-signature',
])('hides a field called %s, however deep', (name) => {
  expect(logged({ a: [{ [name]: CANARY }] })).not.toContain(CANARY);
});

test.each([
  `dk_live_${CANARY}`,
  `whsec_${CANARY}`,
  `r8_${CANARY}`,
  `sk-proj-${CANARY}`,
  `hf_${CANARY}`,
  `Bearer ${CANARY}`,
  `eyJhbGciOiJFUzI1NiJ9.${CANARY}.${CANARY}`,
  `https://darkroom.test/v1/jobs/job_1/events?token=${CANARY}`,
  `data:image/png;base64,${CANARY}`,
])('hides %s in any text', (text) => {
  expect(logged({ note: `before ${text} after`, error: new Error(text, { cause: new Error(text) }) })).not.toContain(
    CANARY,
  );
});

test('what is harmless stays', () => {
  expect(logged({ key_id: 'key_1', tokens: 12, path: '/v1/api-keys' })).toContain(
    '"key_id":"key_1","tokens":12,"path":"/v1/api-keys"',
  );
});
