import { expect, test } from 'vitest';
import { explainProject } from './project-problems.ts';

const ADDRESS = 'postgresql://postgres:secret@db.abc.supabase.co:5432/postgres?sslmode=require';
const explained = (code: string | undefined, message: string) => () =>
  explainProject(ADDRESS)(Object.assign(new Error(message), { code }));

test.each([
  ['28P01', 'password authentication failed for user "postgres"', 'refuses the password'],
  ['XX000', 'Tenant or user not found', 'knows no project or user of that name'],
  ['3D000', 'database "x" does not exist', 'has no such database'],
  [undefined, 'The server does not support SSL connections', 'speaks no TLS'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate', 'shows a certificate that does not verify'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND db.abc.supabase.co', 'cannot be reached'],
  [undefined, 'timeout expired', 'cannot be reached'],
])('%s %s', (code, message, said) => {
  expect(explained(code, message)).toThrow(`db.abc.supabase.co:5432/postgres ${said}`);
  expect(explained(code, message)).not.toThrow('secret');
});

test('what nobody knows is left as it is', () => {
  expect(explained('42601', 'syntax error')).toThrow(/^syntax error$/);
});
