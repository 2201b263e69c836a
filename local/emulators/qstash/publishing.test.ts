import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { type Arrival, arrived, destination, overview, qstash, verify } from './harness.ts';

describe('publishing', () => {
  test('delivers a signed message with its forwarded headers, which the official receiver accepts', async () => {
    const { arrivals, origin } = await destination();
    const { client } = await qstash();
    const url = `${origin}/internal/wake?lane=a%20b`;
    const { messageId } = await client.publishJSON({ url, body: { lane: 'é' }, headers: { 'x-own': 'yes' } });
    await arrived(arrivals, 1);
    const [arrival] = arrivals as [Arrival];
    expect(arrival).toMatchObject({ url, method: 'POST', body: '{"lane":"é"}' });
    expect(Object.fromEntries(arrival.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-own': 'yes',
      'user-agent': 'Upstash-QStash',
      'upstash-message-id': messageId,
      'upstash-retried': '0',
    });
    await expect(verify(arrival, url)).resolves.toBe(true);
    await expect(verify(arrival, `${origin}/internal/wake`)).rejects.toThrow('invalid subject');
    await expect(verify({ ...arrival, body: '{}' }, url)).rejects.toThrow('body hash');
    const claims = decodeJwt(arrival.headers.get('upstash-signature') ?? '');
    expect(claims).toMatchObject({ iss: 'Upstash', sub: url, jti: expect.stringMatching(/^jwt_/) });
    expect(claims.nbf).toBe(claims.iat);
    expect(claims.exp).toBe((claims.iat ?? 0) + 300);
  });

  test('takes batches, queues, methods and delays', async () => {
    const { arrivals, origin } = await destination();
    const { client } = await qstash();
    const begun = Date.now();
    const answers = await client.batchJSON([
      { url: `${origin}/now`, body: { n: 1 } },
      { url: `${origin}/later`, method: 'PUT', body: { n: 2 }, delay: '1s' },
    ]);
    expect(answers).toHaveLength(2);
    await arrived(arrivals, 2);
    expect(arrivals.map(({ method }) => method)).toEqual(['POST', 'PUT']);
    expect((arrivals[1]?.at ?? 0) - begun).toBeGreaterThanOrEqual(990);
  });

  test('refuses what the vendor refuses, in its words', async () => {
    const { origin } = await qstash();
    const post = (path: string, headers = {}) =>
      fetch(`${origin}${path}`, { method: 'POST', headers: { Authorization: 'Bearer secret', ...headers } });
    const wrong = await post('/v2/publish/http://127.0.0.1:1/', { Authorization: 'Bearer other' });
    expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'unable to authenticate: invalid token' }]);
    const scheme = await post('/v2/publish/example.com');
    expect(scheme.status).toBe(400);
    expect(await scheme.json()).toEqual({
      error: 'invalid destination url: endpoint has invalid scheme, add http:// or https://',
    });
    const bad = {
      'Upstash-Retries': 'x',
      'Upstash-Delay': 'soon',
      'Upstash-Method': 'TRACE',
      'Upstash-Retry-Delay': 'f(',
    };
    for (const [name, value] of Object.entries(bad)) {
      expect((await post('/v2/publish/http://127.0.0.1:1/', { [name]: value })).status, name).toBe(400);
    }
  });

  test('delivers to loopback addresses only', async () => {
    const { client } = await qstash();
    for (const url of [
      'https://example.com/',
      'http://10.0.0.1/',
      'http://127.0.0.1.example.com/',
      'http://167772161/',
    ]) {
      await expect(client.publish({ url }), url).rejects.toThrow('invalid destination url');
    }
  });

  test('answers a duplicate with the first message and 202', async () => {
    const { arrivals, origin } = await destination();
    const { client, ...emulator } = await qstash();
    const message = { url: origin, body: { n: 1 }, deduplicationId: 'once' };
    const first = await client.publishJSON(message);
    const second = await client.publishJSON(message);
    expect(second).toEqual({ messageId: first.messageId, deduplicated: true });
    const byContent = { url: origin, body: { n: 2 }, contentBasedDeduplication: true };
    await client.publishJSON(byContent);
    expect(await client.publishJSON(byContent)).toMatchObject({ deduplicated: true });
    expect(await client.publishJSON({ ...byContent, body: { n: 3 } })).not.toHaveProperty('deduplicated');
    await arrived(arrivals, 3);
    expect(await overview(emulator.origin)).toMatchObject({ published: 3, deduplicated: 2 });
  });
});
