import { expect, test } from 'vitest';
import { databaseAddress, shownDatabase } from './database-address.ts';

const HOSTED = 'postgresql://postgres.abc:p%40ss@aws-0-eu-central-1.pooler.supabase.com:5432/postgres';

test.each([
  [HOSTED, `${HOSTED}?sslmode=require`],
  [`${HOSTED}?pgbouncer=true&host=elsewhere.example`, `${HOSTED}?sslmode=require`],
  [`${HOSTED}?sslmode=no-verify`, `${HOSTED}?sslmode=require`],
  [`${HOSTED}?sslmode=verify-full&sslrootcert=ca.crt`, `${HOSTED}?sslmode=verify-full&sslrootcert=ca.crt`],
  ['postgres://postgres:x@db.abc.supabase.co', 'postgres://postgres:x@db.abc.supabase.co/postgres?sslmode=require'],
  ['postgresql://postgres:x@127.0.0.1:5432/postgres', 'postgresql://postgres:x@127.0.0.1:5432/postgres'],
  ['postgresql://postgres:x@[::1]/postgres?sslmode=require', 'postgresql://postgres:x@[::1]/postgres?sslmode=require'],
])('%s is taken as %s', (given, address) => {
  expect(databaseAddress(given)).toBe(address);
});

test.each([
  ['https://abc.supabase.co', 'is not a connection string of PostgreSQL'],
  ['postgresql://postgres:pa/ss@db.abc.supabase.co/postgres', 'has an @ behind its host'],
  ['postgresql://postgres:12#ss@db.abc.supabase.co/postgres', 'has an @ behind its host'],
  ['postgresql://postgres:pa@S3CRET/part@db.abc.supabase.co/postgres', 'has an @ behind its host'],
  ['postgresql://postgres:pa@S3CRET?part@db.abc.supabase.co/postgres', 'has an @ behind its host'],
  ['postgresql://postgres:pa@S3CRET#part@db.abc.supabase.co/postgres', 'has an @ behind its host'],
  ['postgresql://postgres@db.abc.supabase.co/postgres', 'has no password'],
  ['postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co/postgres', 'has a placeholder where the password belongs'],
  ['postgresql://postgres:100%@db.abc.supabase.co/postgres', 'has a % in its password that begins no code'],
  [HOSTED.replace('5432', '6543'), 'is a transaction pooler'],
  [`${HOSTED}?sslmode=disable`, 'says sslmode=disable'],
  [`${HOSTED}?sslmode=prefer`, 'says sslmode=prefer'],
])('%s is refused: it %s', (given, said) => {
  expect(() => databaseAddress(given)).toThrow(`SUPABASE_DB_URL in .dev.vars ${said}`);
});

test('what is shown has no password', () => {
  expect(shownDatabase(databaseAddress(HOSTED))).toBe('aws-0-eu-central-1.pooler.supabase.com:5432/postgres');
});
