import type { StackValues } from '../stack-values.ts';
import { type Case, invalidJob, JOB, submit } from './case.ts';

const URLS = [
  'http://example.org/x',
  'ftp://example.org/x',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '//example.org',
  'example.org',
  'https://',
  'https://user:pass@example.org/',
  'https://user@example.org/',
  'https://@example.org/',
  'https://example.org:8443/',
  'https://example.org:80/',
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://１２７.0.0.1/',
  'https://127。0。0。1/',
  'https://10.0.0.1/',
  'https://100.64.0.1/',
  'https://192.168.1.1/',
  'https://8.8.8.8/',
  'https://0.0.0.0/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[fd00::1]/',
  'https://[fe80::1%25eth0]/',
  'https://localhost/',
  'https://localhost./',
  'https://LOCALHOST/',
  'https://a.localhost/',
  'https://printer.local/',
  'https://metadata.google.internal/',
  'https://169.254.169.254/latest/meta-data/',
  'https://127.0.0.1.nip.io/',
  'https://intranet/',
  'https://example.org./',
  'https:\\\\example.org/',
  'https://exa mple.org/',
  `https://example.org/${'x'.repeat(9_000)}`,
  '',
];

const edit = (image: unknown) => ({ model: 'flux-kontext-pro', input: { prompt: 'x', image_url: image } });
const data = (type: string, base64 = 'AAAA') => `data:${type};base64,${base64}`;

/** Addresses of the stack itself that may not be used so. */
const OWN: [name: string, field: string, body: (stack: StackValues) => object][] = [
  ['our own address as a webhook', 'webhook_url', ({ origin }) => ({ ...JOB, webhook_url: `${origin}/v1/jobs` })],
  ['our own address as a picture', 'input.image_url', ({ origin }) => edit(`${origin}/v1/jobs`)],
  ['an emulator as a webhook', 'webhook_url', ({ emulators }) => ({ ...JOB, webhook_url: `${emulators.fal}/x` })],
  [
    'the inbox by another name',
    'webhook_url',
    ({ inbox }) => ({ ...JOB, webhook_url: inbox.replace('127.0.0.1', 'localhost') }),
  ],
  ['the inbox with a user', 'webhook_url', ({ inbox }) => ({ ...JOB, webhook_url: inbox.replace('//', '//a:b@') })],
  ['the inbox as a picture', 'input.image_url', ({ inbox }) => edit(`${inbox}/a`)],
  [
    'the database as a webhook',
    'webhook_url',
    (stack) => ({ ...JOB, webhook_url: `http://${new URL(stack.database_url).host}/` }),
  ],
];

const DATA: Record<string, string> = {
  'of another medium': data('text/html'),
  'of a film': data('video/mp4'),
  'as plain text': 'data:image/svg+xml,<svg/>',
  'without base64': 'data:image/png,abc',
  'with bad base64': data('image/png', '***'),
  'of nothing': data('image/png', ''),
  'above 1 MB': data('image/png', 'A'.repeat(1_500_000)),
};

export const addresses: Case[] = [
  ...URLS.map((url) => invalidJob(`as a webhook: ${url.slice(0, 60)}`, 'webhook_url', { ...JOB, webhook_url: url })),
  ...URLS.map((url) => invalidJob(`as a picture: ${url.slice(0, 60)}`, 'input.image_url', edit(url))),
  ...OWN.map(([name, field, body]) => ({
    ...invalidJob(name, field, {}),
    request: ({ stack }: { stack: StackValues }) => submit(body(stack)),
  })),
  ...Object.entries(DATA).map(([name, url]) => invalidJob(`a data URI ${name}`, 'input.image_url', edit(url))),
  invalidJob('a data URI as a webhook', 'webhook_url', { ...JOB, webhook_url: data('image/png') }),
  invalidJob('an upload that is none', 'input.image_url', edit('upl_1')),
  invalidJob('a picture that is a number', 'input.image_url', edit(5)),
  invalidJob('a picture that is a list', 'input.image_url', edit(['https://example.org/a.png'])),
];
