/** One safeguard, how it is taken out, and the test that must then fail. */
export type Mutant = {
  safeguard: string;
  /** A file, or a folder of which one file has it. */
  where: string;
  /** Must be there exactly once. */
  find: string;
  replace: string;
  /** What is missing then, for the table. */
  taken: string;
  /** A test file, and the part of the names of the tests that are run. */
  test: { file: string; name: string };
};

const MIGRATIONS = 'supabase/migrations';
const ACCOUNT = "(account_id = current_setting('app.account_id', true))";

export const mutants: Mutant[] = [
  {
    safeguard: 'the conditional flip',
    where: MIGRATIONS,
    find: "where x.id = p_job and x.status = 'held'",
    replace: 'where x.id = p_job',
    taken: 'a hold is ended whatever its status is',
    test: { file: 'supabase/tests/safeguards.test.ts', name: 'of ten ends of a hold at once one happens' },
  },
  {
    safeguard: 'the unique hold resolution',
    where: MIGRATIONS,
    find: 'hold_id text collate "C" primary key',
    replace: 'hold_id text collate "C"',
    taken: 'no unique key on `hold_ends (hold_id)`',
    test: { file: 'supabase/tests/safeguards.test.ts', name: 'a second end of a hold cannot be written' },
  },
  {
    safeguard: 'the replay key',
    where: MIGRATIONS,
    find: 'primary key (source, message_id)',
    replace: 'check (message_id is not null)',
    taken: 'no primary key on `consumed_messages`',
    test: { file: 'supabase/tests/life.test.ts', name: 'twenty verdicts at once' },
  },
  {
    safeguard: 'the fencing check',
    where: MIGRATIONS,
    find: 'x.fence = record_verdict.fence and ',
    replace: '',
    taken: 'a verdict is recorded under any fence',
    test: { file: 'supabase/tests/life.test.ts', name: 'a stale fence' },
  },
  {
    safeguard: 'the idempotency record',
    where: MIGRATIONS,
    find: 'if p_key is null then return true; end if;',
    replace: 'return true;',
    taken: 'nothing is remembered under a key',
    test: { file: 'supabase/tests/accept.test.ts', name: '50 at once under one idempotency key' },
  },
  {
    safeguard: 'the two-minute window',
    where: 'shared/signatures/standard-webhooks.ts',
    find: '(message.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS)',
    replace: 'Number.POSITIVE_INFINITY',
    taken: 'a signature of any age is good',
    test: { file: 'test/internal.test.ts', name: '119 s old or ahead passes, 121 s either way is 401' },
  },
  {
    safeguard: 'the «one POST» fetch',
    where: 'shared/providers/recorded-fetch.ts',
    find: 'return { fetch: send as typeof globalThis.fetch,',
    replace: `const passOn = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    latest = await exchange(options, String(input), init);
    if (latest.kind !== 'answer') throw new TypeError(send.name);
    return new Response(latest.text, { status: latest.status, headers: latest.headers });
  };
  return { fetch: passOn as typeof globalThis.fetch,`,
    taken: 'a vendor’s SDK repeats its submission as it likes',
    test: { file: 'shared/providers/fal.test.ts', name: '502 in the vendor' },
  },
  {
    safeguard: 'the row-level policies',
    where: MIGRATIONS,
    find: `using ${ACCOUNT} with check ${ACCOUNT}$p$`,
    replace: 'using (true) with check (true)$p$',
    taken: 'every account’s rows are visible to the account role',
    test: { file: 'supabase/tests/safeguards.test.ts', name: 'its role reads, changes and writes no row of another' },
  },
  {
    safeguard: 'the key’s associated data',
    where: 'shared/seal/aead.ts',
    find: 'encode(label)',
    replace: 'encode(label.slice(label.length))',
    taken: 'a sealed key opens for anybody’s row',
    test: { file: 'functions/keys/open-key.test.ts', name: 'a key that is of another row' },
  },
  {
    safeguard: 'the wake-up’s lock',
    where: MIGRATIONS,
    find: 'pg_advisory_xact_lock_shared(',
    replace: 'abs(',
    taken: 'joining a lane locks out nobody who empties it',
    test: {
      file: 'supabase/tests/safeguards.test.ts',
      name: 'an account whose last part is handed out while it submits',
    },
  },
];
