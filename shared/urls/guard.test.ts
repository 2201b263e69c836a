import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { checkUrl, isAddress } from './guard.ts';

const local = 'http://127.0.0.1:8788';
const check = (url: string, more: object = {}) => checkUrl(url, { purpose: 'webhook', localOrigins: [local], ...more });
const reason = (url: string) => {
  const checked = check(url);
  return checked.ok ? 'ok' : checked.reason;
};

test.each([
  'https://example.com/hook',
  'https://example.com',
  'https://example.com:443/hook?x=1#y',
  'https://a.b.c.example.co.uk/%00',
  'https://xn--bcher-kva.example/hook',
  'https://bücher.example/hook',
  'HTTPS://EXAMPLE.COM/Hook',
  'https://1password.com/x',
  'https://dead.beef.cafe/x',
  'https://contest.example/x',
  'https://notfritz.box.example/x',
  'https://asus.com/x',
])('lets %s through', (url) => {
  expect(reason(url)).toBe('ok');
});

describe('addresses, in every spelling', () => {
  test.each([
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://0/',
    'https://%31%32%37.0.0.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://8.8.8.8/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://192.168.1.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[2606:4700:4700::1111]/',
  ])('%s', (url) => {
    expect(reason(url)).toBe('address');
  });

  test('any number as a host is an address or no URL at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV4Extended(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        (host) => {
          expect(['address', 'form']).toContain(reason(`https://${host}/`));
        },
      ),
    );
  });

  test('nothing passes as a name that a library knows as an address', () => {
    const part = fc.stringMatching(/^(0[xX])?[\da-fA-F]{0,10}$/);
    const host = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
    const known = host.filter((text) => ipaddr.isValid(text));
    fc.assert(
      fc.property(fc.oneof(host, known), fc.constantFrom('', '.'), (text, end) => {
        const spelled = text.toLowerCase();
        if (ipaddr.isValid(spelled)) expect(isAddress(spelled + end)).toBe(true);
        const name = URL.parse(`https://${text}${end}/`)?.hostname.replace(/\.$/, '') ?? '';
        if (ipaddr.isValid(name)) expect(['address', 'form']).toContain(reason(`https://${text}${end}/`));
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ['http://example.com/', 'scheme'],
  ['ftp://example.com/', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['data:text/plain,x', 'scheme'],
  ['javascript:alert(1)', 'scheme'],
  ['ws://example.com/', 'scheme'],
  ['https://example.com:8443/', 'port'],
  ['https://example.com:80/', 'port'],
  ['https://user:pw@example.com/', 'userinfo'],
  ['https://user@example.com/', 'userinfo'],
  ['https://@example.com/', 'userinfo'],
  ['https://:@example.com/', 'userinfo'],
  ['https://example.com@10.0.0.1/', 'userinfo'],
  ['https://localhost/', 'private_name'],
  ['https://localhost./', 'form'],
  ['https://LOCALHOST/', 'private_name'],
  ['https://a.localhost/', 'private_name'],
  ['https://printer.local/', 'private_name'],
  ['https://metadata.google.internal/', 'private_name'],
  ['https://metadata.google.internal./', 'form'],
  ['https://metadata.goog/', 'private_name'],
  ['https://kubernetes.default.svc/', 'private_name'],
  ['https://kubernetes.default.svc.cluster.local/', 'private_name'],
  ['https://router.home.arpa/', 'private_name'],
  ['https://127.0.0.1.nip.io/', 'private_name'],
  ['https://x.localtest.me/', 'private_name'],
  ['https://wiki.intranet/', 'private_name'],
  ['https://nas.lan/', 'private_name'],
  ['https://mail.corp/', 'private_name'],
  ['https://hub.home/', 'private_name'],
  ['https://foo.test/', 'private_name'],
  ['https://foo.invalid/', 'private_name'],
  ['https://foo.onion/', 'private_name'],
  ['https://10-0-0-1.1u.ms/', 'private_name'],
  ['https://7f000001.c0a80001.rbndr.us/', 'private_name'],
  ['https://localho.st/', 'private_name'],
  ['https://lacolhost.com/', 'private_name'],
  ['https://127-0-0-1.my.local-ip.co/', 'private_name'],
  ['https://127.0.0.1.backname.io/', 'private_name'],
  ['https://10.0.0.1.ip.dns4e.com/', 'private_name'],
  ['https://x.fuf.me/', 'private_name'],
  ['https://router.asus.com/', 'private_name'],
  ['https://fritz.box/', 'private_name'],
  ['https://intranet/', 'private_name'],
  ['https://metadata/', 'single_label'],
  ['https://com/', 'single_label'],
  ['https://example.com./', 'form'],
  ['https://exa mple.com/', 'form'],
  ['https://example.com\\@10.0.0.1/', 'form'],
  ['https://example.com/\n', 'form'],
  [' https://example.com/', 'form'],
  ['https:\t//example.com/', 'form'],
  ['https://', 'form'],
  ['//example.com/', 'form'],
  ['/hook', 'form'],
  ['', 'form'],
])('refuses %j as %s', (url, why) => {
  expect(reason(url)).toBe(why);
});

test('caps the length by purpose', () => {
  const url = `https://example.com/${'x'.repeat(3_000)}`;
  expect(reason(url)).toBe('length');
  expect(checkUrl(url, { purpose: 'media' }).ok).toBe(true);
  expect(checkUrl(url.repeat(3), { purpose: 'media' })).toEqual({ ok: false, reason: 'length' });
});

test('an endpoint has no fragment: it would not be asked', () => {
  const endpoint = (url: string) => check(url, { purpose: 'endpoint' });
  expect(endpoint('https://mine.example.com/run?app=1').ok).toBe(true);
  for (const url of ['https://mine.example.com/run#x', 'https://mine.example.com/#', `${local}/run#x`])
    expect(endpoint(url)).toEqual({ ok: false, reason: 'form' });
});

test('local origins are the only exception, and whole', () => {
  expect(reason(`${local}/inbox/x`)).toBe('ok');
  expect(reason('http://127.0.0.1:8789/inbox/x')).toBe('scheme');
  expect(reason('http://127.0.0.1/inbox/x')).toBe('scheme');
  expect(reason('https://127.0.0.1:8788/')).toBe('port');
  expect(reason('http://x@127.0.0.1:8788/')).toBe('userinfo');
  expect(reason('http://127.0.0.1:8788.example.com/')).toBe('form');
  expect(checkUrl(`${local}/x`, { purpose: 'webhook' }).ok).toBe(false);
});

test('our own names are denied', () => {
  const checked = check('https://api.darkroom.example/internal/sweep', { deniedHosts: ['api.darkroom.example'] });
  expect(checked).toEqual({ ok: false, reason: 'denied' });
});

test('never throws, and whatever it lets through is https to a dotted name without a port', () => {
  const hostile = fc.oneof(
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string(),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const checked = checkUrl(text, { purpose: 'media' });
      if (!checked.ok) return;
      expect(checked.url.protocol).toBe('https:');
      expect(checked.url.port).toBe('');
      expect(checked.url.username + checked.url.password).toBe('');
      expect(checked.url.hostname).toMatch(/^[^.[\]]+(\.[^.[\]]+)+$/);
    }),
    { numRuns: 120 },
  );
});
