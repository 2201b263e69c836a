/** One safeguard, how it is taken out, and the tests that must then fail. */
export type Mutant = {
  safeguard: string;
  file: string;
  /** Must be there exactly once. */
  find: string;
  replace: string;
  /** What is missing then, for the table. */
  patch: string;
  /** Test file, and the part of the name of the test that is run. */
  test: { file: string; name: string };
};

const sql = (name: string) => `supabase/migrations/${name}.sql`;

export const mutants: Mutant[] = [
  {
    safeguard: 'the conditional flip',
    file: sql('20261121001100_ledger_functions'),
    find: "where x.id = p_job and x.status = 'held' returning * into h;",
    replace: 'where x.id = p_job returning * into h;',
    patch: 'a hold is ended whatever its status is',
    test: { file: 'supabase/tests/safeguards.test.ts', name: 'of ten ends of a hold at once one happens' },
  },
  {
    safeguard: 'the unique hold resolution',
    file: sql('20261121000400_ledger'),
    find: 'hold_id text collate "C" primary key references darkroom.holds (id),',
    replace: 'hold_id text collate "C" references darkroom.holds (id),',
    patch: 'no unique key on `hold_ends (hold_id)`',
    test: { file: 'supabase/tests/safeguards.test.ts', name: 'a second end of a hold cannot be written' },
  },
  {
    safeguard: 'the replay key',
    file: sql('20261121000600_messages'),
    find: `at timestamptz not null default darkroom.now(),
  primary key (source, message_id)
);`,
    replace: `at timestamptz not null default darkroom.now()
);`,
    patch: 'no primary key on `consumed_messages`',
    test: { file: 'supabase/tests/life.test.ts', name: 'twenty verdicts at once' },
  },
  {
    safeguard: 'the fencing check',
    file: sql('20261121001700_verdicts'),
    find: `where x.id = attempt_id and x.fence = record_verdict.fence and x.status in`,
    replace: `where x.id = attempt_id and x.status in`,
    patch: 'a verdict is recorded under any fence',
    test: { file: 'supabase/tests/life.test.ts', name: 'a stale fence' },
  },
  {
    safeguard: 'the idempotency record',
    file: sql('20261121001500_accept'),
    find: `    values (p_account, p_key, p_hash, p_kind, p_objects, p_refusal) on conflict do nothing;
  return found;`,
    replace: `    select p_account, p_key, p_hash, p_kind, p_objects, p_refusal where false on conflict do nothing;
  return true;`,
    patch: 'nothing is remembered under a key',
    test: { file: 'supabase/tests/accept.test.ts', name: '' },
  },
  {
    safeguard: 'the two-minute window',
    file: 'shared/signatures/standard-webhooks.ts',
    find: `if (drift > (message.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS)) return { ok: false, reason: 'stale' };`,
    replace: '',
    patch: 'a signature of any age is good',
    test: { file: 'shared/signatures/standard-webhooks.test.ts', name: '' },
  },
  {
    safeguard: 'the «one POST» fetch',
    file: 'shared/providers/recorded-fetch.ts',
    find: `    const known = requests.get(name);
    if (!known && method === 'POST' && posted) throw abort('a submission is one POST');`,
    replace: '    const known = undefined;',
    patch: 'an SDK may send its submission again',
    test: { file: 'shared/providers/recorded-fetch.test.ts', name: '' },
  },
  {
    safeguard: 'the row-level policies',
    file: sql('20261121009000_policies'),
    find: `using (account_id = current_setting('app.account_id', true)) with check (account_id = current_setting('app.account_id', true))$p$`,
    replace: 'using (true) with check (true)$p$',
    patch: 'every account’s rows are visible to the account role',
    test: { file: 'supabase/tests/access.test.ts', name: '' },
  },
  {
    safeguard: 'the key’s associated data',
    file: 'shared/seal/aead.ts',
    find: 'additionalData: new TextEncoder().encode(label)',
    replace: 'additionalData: new TextEncoder().encode(label.slice(label.length))',
    patch: 'a sealed key opens for anybody’s row',
    test: { file: 'shared/seal/seal.test.ts', name: '' },
  },
  {
    safeguard: 'the wake-up’s lock',
    file: sql('20261121001300_queue'),
    find: "  perform pg_advisory_xact_lock_shared(hashtextextended(p_lane || '|' || p_account, p_kind));\n",
    replace: '',
    patch: 'joining a lane locks out nobody who empties it',
    test: {
      file: 'supabase/tests/safeguards.test.ts',
      name: 'an account whose last part is handed out while it submits',
    },
  },
];
